"""All languages, in the order in which they are shown."""

from collections.abc import Callable
from dataclasses import dataclass

from opencbr.samples import curl, koocli, openstack, python_requests
from opencbr.samples.call import Call, Missing, NotAvailable, Sample
from opencbr.samples.sdk import dotnet, go, java, node, php, python
from opencbr.samples.terraform import programs


@dataclass(frozen=True, slots=True)
class Language:
    """A row of the table.

    Our id, the title for people, Pygments' lexer, the variables of the environment that the samples read, and what writes
    one or raises NotAvailable.
    """

    id: str
    title: str
    lexer: str
    variables: tuple[str, ...]
    write: Callable[[Call], str]


_TOKEN = ("OS_TOKEN",)
_KEY = ("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK")
_CLIENT = (
    "OS_AUTH_URL",
    "OS_USERNAME",
    "OS_PASSWORD",
    "OS_PROJECT_ID",
    "OS_USER_DOMAIN_ID",
    "OS_IDENTITY_API_VERSION",
)
_HUAWEICLOUD = ("HW_ACCESS_KEY", "HW_SECRET_KEY", "HW_REGION_NAME", "HW_AUTH_URL")
_OPENTELEKOMCLOUD = ("OS_AUTH_URL", "OS_ACCESS_KEY", "OS_SECRET_KEY")

LANGUAGES = (
    Language("curl-token", "curl, token", "bash", _TOKEN, curl.with_token),
    Language("curl-signed", "curl, AK/SK", "bash", _KEY, curl.with_access_key),
    Language("requests", "Python, requests", "python", _TOKEN, python_requests.with_token),
    Language("sdk-python", "SDK for Python", "python", _KEY, python.program),
    Language("sdk-java", "SDK for Java", "java", _KEY, java.program),
    Language("sdk-go", "SDK for Go", "go", _KEY, go.program),
    Language("sdk-node", "SDK for Node.js", "javascript", _KEY, node.program),
    Language("sdk-dotnet", "SDK for .NET", "csharp", _KEY, dotnet.program),
    Language("sdk-php", "SDK for PHP", "php", _KEY, php.program),
    Language("koocli", "KooCLI", "bash", (*_KEY, "HW_REGION_NAME"), koocli.command),
    Language("openstack", "OpenStack client", "bash", _CLIENT, openstack.command),
    Language(
        "terraform-huaweicloud",
        "Terraform, huaweicloud",
        "terraform",
        _HUAWEICLOUD,
        programs.with_huaweicloud,
    ),
    Language(
        "terraform-opentelekomcloud",
        "Terraform, opentelekomcloud",
        "terraform",
        _OPENTELEKOMCLOUD,
        programs.with_opentelekomcloud,
    ),
)


def samples_of(call: Call) -> tuple[Sample, ...]:
    """Write the call in every language that has a way to send it."""
    made = (_made(language, call) for language in LANGUAGES)
    return tuple(one for one in made if isinstance(one, Sample))


def missing_of(call: Call) -> tuple[Missing, ...]:
    """Say of every other language why it has none."""
    made = (_made(language, call) for language in LANGUAGES)
    return tuple(one for one in made if isinstance(one, Missing))


def _made(language: Language, call: Call) -> Sample | Missing:
    try:
        text = language.write(call)
    except NotAvailable as reason:
        return Missing(language.id, language.title, str(reason))
    except RecursionError:
        return Missing(language.id, language.title, "The body is nested too deeply.")
    return Sample(language.id, language.title, language.lexer, text, language.variables)
