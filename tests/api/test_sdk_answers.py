"""The watch over the vendor's SDK (tests/support/sdk_answers.py) sees what it is there for."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from huaweicloudsdkcbr import v1
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.warning.warning import SdkWarning

from support.sdk_answers import decoded_whole, none_of

pytestmark = pytest.mark.foreign_answers

POLICY: dict[str, Any] = {
    "id": "1",
    "name": "one",
    "enabled": True,
    "operation_type": "backup",
    "policy_type": "",
    "operation_definition": {},
    "trigger": {"id": "t", "name": "default", "type": "time", "properties": {"pattern": ["x"]}},
    "associated_vaults": [],
}


def decode(body: dict[str, Any], response_type: str = "ShowPolicyResponse") -> Any:
    credentials = BasicCredentials("a", "s", "p")
    builder = v1.CbrClient.new_builder().with_credentials(credentials).with_endpoint("http://localhost")
    text = json.dumps(body)
    answer = SimpleNamespace(
        status_code=200, content=text.encode(), text=text, headers={"Content-Type": "application/json"}
    )
    return builder.build().sync_response_handler(answer, response_type, [], None)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"name": None}, "ShowPolicy policy.name is None"),
        ({"trigger": POLICY["trigger"] | {"id": None}}, "ShowPolicy policy.trigger.id is None"),
        ({"name": {"an": "object"}}, "{'an': 'object'} was made a str"),
        ({"name": 5}, "5 was made a str"),
        ({"enabled": "false"}, "'false' was made a bool"),
    ],
)
def test_a_value_that_is_none_or_of_another_type_is_seen(changes: dict[str, Any], told: str):
    with decoded_whole() as seen:
        decode({"policy": POLICY | changes})
    assert told in seen


def test_a_warning_is_raised():
    with decoded_whole(), pytest.raises(SdkWarning):
        decode({"backup": {"created_at": "yesterday"}}, "ShowBackupResponse")


def test_null_where_the_interface_allows_it_is_not_seen():
    schema = {
        "properties": {"name": {"anyOf": [{"type": "string"}, {"type": "null"}]}, "id": {"type": "string"}},
        "required": ["name", "id"],
    }
    assert [*none_of(v1.Policy(name=None, id="1"), schema)] == []
    assert [*none_of(v1.Policy(name="a", id=None), schema)] == ["id"]
