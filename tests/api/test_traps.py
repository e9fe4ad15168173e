"""Traps that every answer could fall into, each looked for in the answers about one vault with all that belongs to it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from huaweicloudsdkcbr.v1 import CbrClient, ListVaultRequest
from huaweicloudsdkcore.auth.credentials import BasicCredentials

from .api_server import ApiServer
from .protected_cloud import new_server, new_vault, server_ref
from .test_policies import new_policy, room

Json = dict[str, Any]

OBJECTS = {"billing", "extend_info", "trigger", "properties", "operation_definition"}
ARRAYS = {
    "resources",
    "children",
    "tags",
    "sys_tags",
    "pattern",
    "skipped_resources",
    "exclude_volumes",
    "replication_records",
}
NUMBERS = {
    "size",
    "used",
    "allocated",
    "threshold",
    "count",
    "limit",
    "offset",
    "progress",
    "max_backups",
}
BOOLEANS = {
    "auto_bind",
    "auto_expand",
    "locked",
    "smn_notify",
    "enabled",
    "is_multi_az",
    "incremental",
    "auto_trigger",
}
LISTS = ("vaults", "backups", "policies", "operation-logs", "protectables/server/instances", "vault/tags")


@pytest.fixture(autouse=True)
def _room(cbr: ApiServer) -> Iterator[None]:
    yield from room(cbr)


def answers(cbr: ApiServer) -> Iterator[tuple[str, Json]]:
    """What is answered about a vault with a server, a policy, tags and a checkpoint, and the project's lists."""
    policy = new_policy(cbr, operation_definition={"max_backups": 3})["id"]
    server = new_server(cbr)
    vault = new_vault(
        cbr, server_ref(server), backup_policy_id=policy, tags=[{"key": "stage", "value": "test"}]
    )["id"]
    asked = cbr.call("POST", "checkpoints", {"checkpoint": {"vault_id": vault}}).json()["checkpoint"]
    (backup,) = cbr.call("GET", f"backups?checkpoint_id={asked['id']}").json()["backups"]
    (log,) = cbr.call("GET", f"operation-logs?resource_id={server['id']}").json()["operation_logs"]
    paths = [f"vaults/{vault}", f"checkpoints/{asked['id']}", f"backups/{backup['id']}"]
    paths += [f"policies/{policy}", f"operation-logs/{log['id']}", f"vault/{vault}/tags", *LISTS]
    for path in paths:
        answer = cbr.call("GET", path)
        assert answer.status_code == 200, answer.text
        yield path, answer.json()


def members(body: Any, where: str) -> Iterator[tuple[str, str, Any]]:
    """Yield place, name and value of each member, below the clouds' own documents none."""
    if isinstance(body, dict):
        for name, value in body.items():
            yield f"{where}.{name}", name, value
            if name != "detail":
                yield from members(value, f"{where}.{name}")
    for number, value in enumerate(body if isinstance(body, list) else ()):
        yield from members(value, f"{where}[{number}]")


def test_what_is_never_null_has_its_type_and_times_their_form(cbr: ApiServer) -> None:
    """Objects and arrays (trap T7), numbers and booleans (trap T8), times, naive with six digits (trap T9)."""
    met: set[str] = set()
    for path, body in answers(cbr):
        for place, name, value in members(body, path):
            met.add(name)
            if name in OBJECTS or (name == "vault" and path.startswith("checkpoints")):
                assert isinstance(value, dict), place
            if name in ARRAYS:
                assert isinstance(value, list), place
            if name in NUMBERS:
                assert value is None or type(value) is int, place
            if name in BOOLEANS:
                assert value is None or type(value) is bool, place
            if name.endswith("_at") and value is not None:
                assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", value), place
    assert met >= OBJECTS | NUMBERS | BOOLEANS | {"created_at", "resources", "children", "tags", "pattern"}


def test_a_list_has_one_array_in_its_frame(cbr: ApiServer) -> None:
    """The Go clients' pagers take the only array that they find (trap T11)."""
    for path in LISTS:
        body = cbr.call("GET", path).json()
        assert sum(isinstance(value, list) for value in body.values()) == 1, path


def test_nothing_is_redirected(cbr: ApiServer) -> None:
    """Clients follow no redirect (trap T22): a slash too many is a path that is not there."""
    for path in LISTS:
        answer = cbr.call("GET", f"{path}/")
        assert (answer.status_code, "Location" in answer.headers) == (404, False), path


def test_the_sdk_drops_the_path_of_its_endpoint_and_finds_the_service(cbr: ApiServer) -> None:
    """It calls `/v3/…` of the host whatever the endpoint says after it (trap T21)."""
    access, secret = cbr.cloud.access_key("demo")
    credentials = BasicCredentials(access, secret, cbr.project())
    builder = CbrClient.new_builder().with_credentials(credentials)
    sdk = builder.with_endpoint(f"{cbr.url}/some/prefix").build()
    made = new_vault(cbr)["id"]
    assert made in {vault.id for vault in sdk.list_vault(ListVaultRequest()).vaults}
