"""All languages, in the order in which they are shown."""

from collections.abc import Callable
from dataclasses import dataclass

from opencbr.samples import curl, koocli, openstack, python_requests, shell
from opencbr.samples.call import Call, Missing, NotAvailable, Sample
from opencbr.samples.sdk import dotnet, go, java, node, php, python
from opencbr.samples.terraform import programs


@dataclass(frozen=True, slots=True)
class Language:
    """A row of the table.

    Our id, the title for people, Pygments' lexer, what the samples need, the variables of the environment that they read,
    and what writes one or raises NotAvailable. `packages` are Python's that a sample needs, None where a shell alone cannot
    run it.
    """

    id: str
    title: str
    lexer: str
    needs: str
    variables: tuple[str, ...]
    write: Callable[[Call], str]
    packages: tuple[str, ...] | None = None


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
    Language("curl-token", "curl, token", "bash", "curl 7.76", _TOKEN, curl.with_token, ()),
    Language(
        "curl-signed",
        "curl, AK/SK",
        "bash",
        "curl 7.76, openssl, a POSIX shell",
        _KEY,
        curl.with_access_key,
        (),
    ),
    Language(
        "requests",
        "Python, requests",
        "python",
        "`pip install requests`",
        _TOKEN,
        python_requests.with_token,
        ("requests",),
    ),
    Language(
        "sdk-python",
        "SDK for Python",
        "python",
        "`pip install huaweicloudsdkcbr`",
        _KEY,
        python.program,
        ("huaweicloudsdkcbr",),
    ),
    Language(
        "sdk-java",
        "SDK for Java",
        "java",
        "com.huaweicloud.sdk:huaweicloud-sdk-cbr, Java 8",
        _KEY,
        java.program,
    ),
    Language(
        "sdk-go",
        "SDK for Go",
        "go",
        "github.com/huaweicloud/huaweicloud-sdk-go-v3, Go 1.18",
        _KEY,
        go.program,
    ),
    Language(
        "sdk-node",
        "SDK for Node.js",
        "javascript",
        "@huaweicloud/huaweicloud-sdk-cbr, built from its source: it is not on npm",
        _KEY,
        node.program,
    ),
    Language("sdk-dotnet", "SDK for .NET", "csharp", "HuaweiCloud.SDK.Cbr, C# 9", _KEY, dotnet.program),
    Language(
        "sdk-php",
        "SDK for PHP",
        "php",
        "`composer require huaweicloud/huaweicloud-sdk-php`, PHP 7 (one class of the SDK is called by a word of PHP 8)",
        _KEY,
        php.program,
    ),
    Language(
        "koocli",
        "KooCLI",
        "bash",
        "hcloud; it insists on a region that it knows, whatever the endpoint is",
        (*_KEY, "HW_REGION_NAME"),
        koocli.command,
    ),
    Language(
        "openstack",
        "OpenStack client",
        "bash",
        "`pip install python-openstackclient otcextensions`",
        _CLIENT,
        openstack.command,
        ("python-openstackclient", "otcextensions"),
    ),
    Language(
        "terraform-huaweicloud",
        "Terraform, huaweicloud",
        "terraform",
        "the provider huaweicloud/huaweicloud",
        _HUAWEICLOUD,
        programs.with_huaweicloud,
    ),
    Language(
        "terraform-opentelekomcloud",
        "Terraform, opentelekomcloud",
        "terraform",
        "the provider opentelekomcloud/opentelekomcloud; the service is in the catalogue as `cbr`",
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
    return Sample(
        language.id,
        language.title,
        language.lexer,
        text,
        language.needs,
        language.variables,
        "" if language.packages is None else shell.script(text, language.lexer, language.packages),
    )
