"""What the roles allow, and what an operator's policy file changes."""

import pytest

from opencbr.api.auth import Session
from opencbr.api.rights import INFRASTRUCTURE, RULES, SECRETS, Rights
from opencbr.api.routes import ROUTES
from opencbr.model.caller import Caller

READING = {right for right in RULES if right.split(":")[-1].startswith(("list", "get"))} - {
    SECRETS,
    INFRASTRUCTURE,
}


def session(*roles: str) -> Session:
    return Session(
        Caller(
            user_id="u",
            user_name="n",
            project_id="p",
            project_domain_id="default",
            roles=frozenset(roles),
        )
    )


@pytest.mark.parametrize(
    ("roles", "allowed"),
    [
        ((), set()),
        (("nonsense",), set()),
        (("reader",), READING),
        (("member",), set(RULES) - {SECRETS, INFRASTRUCTURE}),
        (("member", "reader"), set(RULES) - {SECRETS, INFRASTRUCTURE}),
        (("manager",), set(RULES) - {INFRASTRUCTURE}),
        (("admin",), set(RULES)),
    ],
)
def test_defaults(roles, allowed):
    rights, who = Rights(ROUTES), session(*roles)
    assert {right for right in RULES if rights.allows(who, right)} == allowed


def test_an_operators_file_wins_and_the_rest_stays(tmp_path):
    file = tmp_path / "policy.yaml"
    file.write_text('"cbr:backups:getMetadataSecrets": "role:auditor"\n"cbr:vaults:create": "!"\n')
    rights = Rights(ROUTES, policy_file=file)
    assert rights.allows(session("auditor"), SECRETS)
    assert not rights.allows(session("admin"), SECRETS)
    assert not rights.allows(session("admin"), "cbr:vaults:create")
    assert rights.allows(session("member"), "cbr:vaults:update")


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ValueError, match="is not there"):
        Rights(ROUTES, policy_file=tmp_path / "policy.yaml")


UNUSABLE = {
    "a right that is spelt wrong": (
        '"cbr:backups:getMetaData": "!"',
        "there is no right cbr:backups:getMetaData",
    ),
    "false": ('"cbr:backups:getMetadataSecrets": false', "is no text"),
    "null": ('"cbr:backups:getMetadataSecrets":', "is no text"),
    "a number": ('"cbr:backups:getMetadata": 5', "is no text"),
    "no expression": ('"cbr:backups:getMetadata": "role:admin and and"', "cannot be understood"),
    "a rule that is not there": ('"cbr:backups:getMetadata": "rule:auditors"', "not there, or itself"),
    "a circle": ('"a": "rule:b"\n"b": "rule:a"', "not there, or itself"),
    "no map": ("- a", "no map"),
    "no YAML": ('"cbr', "cannot be used"),
    "no UTF-8": (b"\xff", "cannot be used"),
}


def write(file, text):
    file.write_bytes(text if isinstance(text, bytes) else text.encode())


@pytest.mark.parametrize("case", UNUSABLE)
def test_a_file_that_cannot_be_used_is_refused_at_the_start_and_changes_nothing_later(tmp_path, caplog, case):
    text, sentence = UNUSABLE[case]
    file = tmp_path / "policy.yaml"
    write(file, text)
    with pytest.raises(ValueError, match=sentence):
        Rights(ROUTES, policy_file=file)
    write(file, '"auditors": "role:auditor"\n"cbr:vaults:list": "rule:auditors"\n')
    rights = Rights(ROUTES, policy_file=file)
    write(file, text)
    for _ in range(2):
        assert not rights.allows(session("member"), "cbr:vaults:list")
        assert rights.allows(session("auditor"), "cbr:vaults:list")
        assert not rights.allows(session("member"), SECRETS)
    assert [one.getMessage().endswith("as they were are still used") for one in caplog.records][-1:] == [True]


def test_a_file_that_goes_opens_nothing_and_one_that_changes_is_read(tmp_path):
    file = tmp_path / "policy.yaml"
    file.write_text('"cbr:vaults:list": "!"')
    rights = Rights(ROUTES, policy_file=file)
    file.unlink()
    assert not rights.allows(session("admin"), "cbr:vaults:list")
    file.write_text("# nothing\n")
    assert rights.allows(session("admin"), "cbr:vaults:list")


def test_a_file_beside_the_process_is_not_found_by_chance(tmp_path, monkeypatch):
    (tmp_path / "policy.yaml").write_text('"cbr:vaults:create": "@"\n')
    (tmp_path / "policy.d").mkdir()
    (tmp_path / "policy.d" / "more.yaml").write_text('"cbr:vaults:create": "@"\n')
    monkeypatch.chdir(tmp_path)
    assert not Rights(ROUTES).allows(session("nonsense"), "cbr:vaults:create")


def test_a_right_without_a_rule_is_refused_at_the_start():
    from dataclasses import replace

    with pytest.raises(ValueError, match="cbr:nonsense"):
        Rights([replace(ROUTES[0], right="cbr:nonsense")])
