"""Names that the vendor's SDKs have where a rule is not obvious, as their public sources have them."""

import pytest

from opencbr.contract import contract_operations
from opencbr.samples import Call, missing_of

from .calls import call_of, text_in


def sample(operation: str, language: str) -> str:
    return text_in(call_of(contract_operations()[operation]), language)


@pytest.mark.parametrize(
    ("operation", "language", "written"),
    [
        ("ListOpLogs", "sdk-python", "client.list_op_logs(request)"),
        ("UpdateOrder", "sdk-python", "cloud_service_console_url="),
        ("UpdateOrder", "sdk-java", ".withCloudServiceConsoleURL("),
        ("UpdateOrder", "sdk-go", "CloudServiceConsoleURL: "),
        ("UpdateOrder", "sdk-node", ".withCloudServiceConsoleURL("),
        ("UpdateOrder", "sdk-dotnet", "CloudServiceConsoleURL = "),
        ("UpdateOrder", "sdk-php", "'cloudServiceConsoleUrl' => "),
        ("CreatePolicy", "sdk-java", "new PolicyoODCreate()"),
        ("CreatePolicy", "sdk-go", "&model.PolicyoOdCreate{"),
        ("ListBackups", "sdk-java", "ListBackupsRequest.ResourceTypeEnum.fromValue("),
        ("ListBackups", "sdk-go", "pointer(model.GetListBackupsRequestResourceTypeEnum().OSCINDERVOLUME)"),
        ("ListBackups", "sdk-dotnet", "new ListBackupsRequest.ResourceTypeEnum("),
        (
            "ListProtectable",
            "sdk-go",
            "GetListProtectableRequestProtectableTypeEnum().SERVER",
        ),
        ("ChangeOrder", "sdk-go", "Enum().VAULT_BACKUP_SERVER_NORMAL"),
        ("CreateVault", "sdk-go", "Vault: &model.VaultCreate{"),
        ("CreateVault", "sdk-go", "Size:            10,"),
        ("CreateVault", "sdk-go", " pointer(int32(7)),"),
        ("CreateVault", "sdk-dotnet", "Resources = new List<ResourceCreate>"),
        ("CreatePostPaidVault", "sdk-go", 'ObjectType:      "server"'),
        ("MigrateDomain", "sdk-java", ".withReservation(1.5f)"),
    ],
)
def test_a_name(operation, language, written):
    assert written in sample(operation, language)


def reasons(query=(), body=None) -> dict[str, str]:
    """Say why there is no sample for a list of backups with this query, or for a vault with this body."""
    operation = contract_operations()["CreateVault" if body else "ListBackups"]
    call = Call(
        operation=operation.operation,
        method=operation.method,
        path=operation.path,
        endpoint="https://cbr.example",
        project_id="p1",
        query=query,
        body=body,
    )
    return {missing.language: missing.reason for missing in missing_of(call)}


SDKS = ["sdk-python", "sdk-java", "sdk-go", "sdk-node", "sdk-dotnet", "sdk-php", "koocli"]
TOOLS = [*SDKS, "openstack", "terraform-huaweicloud", "terraform-opentelekomcloud"]
TYPED = ["sdk-java", "sdk-go", "sdk-dotnet"]


@pytest.mark.parametrize(
    ("languages", "word", "query", "body"),
    [
        (TOOLS, "no member color", (("color", "red"),), None),
        (TOOLS, "once", (("name", "a"), ("name", "b")), None),
        (TOOLS, "another type", (("limit", "many"),), None),
        (TOOLS, "no member colour", (), {"vault": {"colour": "red"}}),
        (TOOLS, "another type", (), {"vault": {"name": 5}}),
        (TOOLS, "another type", (), {"vault": {"name": None}}),
        (TOOLS, "another type", (), {"vault": ["a"]}),
        (TYPED, "32 bits", (("limit", 2**31),), None),
        (["sdk-go"], "no value 'blue'", (("status", "blue"),), None),
        (["koocli", "openstack"], "invisible character", (("name", "a\u202e"),), None),
    ],
)
def test_what_cannot_be_said_has_its_reason(languages, word, query, body):
    said = reasons(query, body)
    assert {language for language, reason in said.items() if word in reason} == set(languages), said


@pytest.mark.parametrize("language", ["curl-token", "curl-signed", "requests"])
def test_whatever_speaks_http_can_say_everything(language):
    assert language not in reasons((("color", "a\x00\ud800"), ("color", "b")))
    assert language not in reasons(body={"vault": None, "more": [{"a": [1.5, None]}]})


def test_numbers_and_booleans_of_a_query_may_be_texts():
    operation = contract_operations()["ListBackups"]
    call = Call(
        operation="ListBackups",
        method="GET",
        path=operation.path,
        endpoint="https://cbr.example",
        project_id="p1",
        query=(("limit", "10"), ("dec", "true"), ("name", 7)),
    )
    assert 'ListBackupsRequest(limit=10, dec=True, name="7")' in text_in(call, "sdk-python")


def test_a_value_that_is_not_there_is_left_to_the_reader():
    operation = contract_operations()["ShowVault"]
    call = Call(
        operation="ShowVault",
        method="GET",
        path=operation.path,
        endpoint="https://cbr.example",
        project_id="p1",
    )
    assert "/v3/p1/vaults/{vault_id}" in text_in(call, "curl-token")
    assert 'ShowVaultRequest(vault_id="{vault_id}")' in text_in(call, "sdk-python")
