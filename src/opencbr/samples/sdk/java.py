"""The vendor's SDK for Java (huaweicloud-sdk-cbr), signing with AK/SK."""

from opencbr.samples.call import Call, NotAvailable
from opencbr.samples.layout import brackets, escaped, utf16
from opencbr.samples.sdk.arguments import Items, Leaf, Model, Value, models_of, request_of
from opencbr.samples.sdk.names import camel, pascal
from opencbr.samples.sdk.scalars import written

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_LACKING = {("CheckpointParam", "policy_id"), ("ResourceExtraInfo", "include_volumes")}
"""Members that the other SDKs have and this one does not."""

_PROGRAM = """\
import com.huaweicloud.sdk.cbr.v1.CbrClient;
{imports}\
import com.huaweicloud.sdk.core.auth.BasicCredentials;
{lists}
public class {operation} {{
    public static void main(String[] arguments) {{
        BasicCredentials credentials = new BasicCredentials()
            .withAk(System.getenv("HUAWEICLOUD_SDK_AK"))
            .withSk(System.getenv("HUAWEICLOUD_SDK_SK"))
            .withProjectId({project});
        CbrClient client = CbrClient.newBuilder()
            .withCredential(credentials)
            .withEndpoint({endpoint})
            .build();

        {name} request = {request};
        System.out.println(client.{method}(request));
    }}
}}
"""


def quoted(text: str) -> str:
    r"""Write a text as a literal. Line ends have their own escapes: Java reads `\u000a` as a line end of the source."""
    return f'"{escaped(text, _ESCAPES, utf16)}"'


def program(call: Call) -> str:
    """Write the program; raises NotAvailable as `request_of` does, and for what Java's SDK alone does not have."""
    request = request_of(call)
    text = _written(request, 2, "", "")
    return _PROGRAM.format(
        imports="".join(f"import com.huaweicloud.sdk.cbr.v1.model.{name};\n" for name in models_of(request)),
        lists="\nimport java.util.Arrays;\n" if "Arrays." in text else "",
        operation=call.operation,
        project=quoted(call.project_id),
        endpoint=quoted(call.endpoint),
        name=request.name,
        request=text,
        method=camel(call.operation),
    )


def _written(value: Value, indent: int, owner: str, name: str) -> str:
    match value:
        case Model(model, members):
            if lacking := [one.name for one in members if (model, one.name) in _LACKING]:
                raise NotAvailable(f"The SDK for Java has no member {lacking[0]} in its {model}.")
            calls = [
                f".with{pascal(one.name)}({_written(one.value, indent + 1, model, one.name)})"
                for one in members
            ]
            return "".join([f"new {model}()", *(f"\n{'    ' * (indent + 1)}{one}" for one in calls)])
        case Items(_, items):
            texts = [_written(one, indent + 1, owner, name) for one in items]
            return brackets("Arrays.asList(", texts, ")", indent, last="")
        case Leaf(kind, str(text)) if kind.values:
            return f"{owner}.{pascal(name)}Enum.fromValue({quoted(text)})"
        case Leaf():
            return written(value, quoted, "f")
