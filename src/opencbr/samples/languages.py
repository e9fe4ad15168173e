"""All languages, in the order in which they are shown."""

from collections.abc import Callable
from dataclasses import dataclass

from opencbr.samples import curl, koocli, openstack, python_requests
from opencbr.samples.call import Call, Missing, NotAvailable, Sample
from opencbr.samples.sdk import dotnet, go, java, node, php, python
from opencbr.samples.terraform import programs


@dataclass(frozen=True, slots=True)
class Language:
    """A row: our id, the title for people, Pygments' lexer, and what writes the sample or raises NotAvailable."""

    id: str
    title: str
    lexer: str
    write: Callable[[Call], str]


LANGUAGES = (
    Language("curl-token", "curl, token", "bash", curl.with_token),
    Language("curl-signed", "curl, AK/SK", "bash", curl.with_access_key),
    Language("requests", "Python, requests", "python", python_requests.with_token),
    Language("sdk-python", "SDK for Python", "python", python.program),
    Language("sdk-java", "SDK for Java", "java", java.program),
    Language("sdk-go", "SDK for Go", "go", go.program),
    Language("sdk-node", "SDK for Node.js", "javascript", node.program),
    Language("sdk-dotnet", "SDK for .NET", "csharp", dotnet.program),
    Language("sdk-php", "SDK for PHP", "php", php.program),
    Language("koocli", "KooCLI", "bash", koocli.command),
    Language("openstack", "OpenStack client", "bash", openstack.command),
    Language("terraform-huaweicloud", "Terraform, huaweicloud", "terraform", programs.with_huaweicloud),
    Language(
        "terraform-opentelekomcloud",
        "Terraform, opentelekomcloud",
        "terraform",
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
    return Sample(language.id, language.title, language.lexer, text)
