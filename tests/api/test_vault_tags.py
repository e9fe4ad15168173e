"""Chapter Tag over HTTP: tags of a vault and of the project, given and taken off (contract 3.9, 5.9, trap T26)."""

import pytest

from .api_server import ApiServer
from .protected_cloud import new_vault, refused


def pairs(**tags: str) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]


def batch(cbr: ApiServer, vault_id: str, action: str, tags, **more):
    return cbr.call("POST", f"vault/{vault_id}/tags/action", {"action": action, "tags": tags, **more})


def tags_of(cbr: ApiServer, vault_id: str) -> dict[str, str]:
    answer = cbr.call("GET", f"vault/{vault_id}/tags")
    assert answer.status_code == 200, answer.text
    assert answer.json()["sys_tags"] == []
    return {tag["key"]: tag["value"] for tag in answer.json()["tags"]}


def test_a_tag_is_given_changed_and_taken_off(cbr: ApiServer):
    """Under `/vault/`, where the rest is under `/vaults/` (trap T26)."""
    vault = cbr.vault(tags=(("stage", "test"),))
    body = {"tag": {"key": " owner ", "value": " 文-a.b_C "}}
    answer = cbr.call("POST", f"vault/{vault.id}/tags", body)
    assert (answer.status_code, answer.content) == (204, b"")
    assert tags_of(cbr, vault.id) == {"stage": "test", "owner": "文-a.b_C"}
    # A key that is borne keeps its place and gets the value; none at all is an empty one.
    assert cbr.call("POST", f"vault/{vault.id}/tags", {"tag": {"key": "stage"}}).status_code == 204
    shown = cbr.call("GET", f"vaults/{vault.id}").json()["vault"]
    assert shown["tags"] == pairs(stage="", owner="文-a.b_C")
    assert shown["updated_at"] > shown["created_at"]
    assert cbr.call("DELETE", f"vault/{vault.id}/tags/stage").status_code == 204
    assert tags_of(cbr, vault.id) == {"owner": "文-a.b_C"}
    for key in ("stage", "OWNER", "owner%20", "%00"):
        refused(cbr.call("DELETE", f"vault/{vault.id}/tags/{key}"), 404, "6601")


def test_a_key_is_written_in_the_path_as_any_text(cbr: ApiServer):
    vault = cbr.vault(tags=(("文 &?#%+=é", "of an older release"),))
    path = f"vault/{vault.id}/tags/%E6%96%87%20%26%3F%23%25%2B%3D%C3%A9"
    assert cbr.call("DELETE", path).status_code == 204
    assert tags_of(cbr, vault.id) == {}


def test_several_tags_are_given_and_taken_off_as_often_as_one_likes(cbr: ApiServer):
    vault = cbr.vault(tags=(("a", "1"),))
    for _ in range(2):
        assert batch(cbr, vault.id, "create", pairs(b="2", a="9")).status_code == 204
        assert tags_of(cbr, vault.id) == {"a": "9", "b": "2"}
    for _ in range(2):
        # With a value only a tag of this value goes, without one whatever the key has.
        gone = [{"key": "a", "value": "1"}, {"key": "b"}, {"key": "never" * 25}]
        assert batch(cbr, vault.id, "delete", gone).status_code == 204
        assert tags_of(cbr, vault.id) == {"a": "9"}
    for action in ("create", "delete"):
        assert batch(cbr, vault.id, action, [], sys_tags=[]).status_code == 204
    before = cbr.call("GET", f"vaults/{vault.id}").json()
    assert batch(cbr, vault.id, "create", pairs(a="9")).status_code == 204
    assert cbr.call("GET", f"vaults/{vault.id}").json() == before


@pytest.mark.parametrize(
    "tag",
    [
        {"key": " "},
        {"key": "a" * 37},
        {"key": "a b"},
        {"key": "a.b"},
        {"key": "a\n"},
        {"key": "\u00e9"},
        {"key": "a", "value": "b" * 44},
        {"key": "a", "value": "b c"},
        {"key": "a", "value": "<b>"},
    ],
    ids=str,
)
def test_tags_that_may_not_be_given(cbr: ApiServer, tag):
    vault = cbr.vault()
    member = "value" if tag["key"] == "a" else "key"
    refused(cbr.call("POST", f"vault/{vault.id}/tags", {"tag": tag}), 400, "9900", f"tag.{member}")
    refused(batch(cbr, vault.id, "create", [{"key": "good"}, tag]), 400, "9900", f"tags[1].{member}")
    body = {"name": "v", "resources": [], "tags": [tag], "billing": {"size": 10, "object_type": "server"}}
    body["billing"] |= {"consistent_level": "crash_consistent", "protect_type": "backup"}
    refused(cbr.call("POST", "vaults", {"vault": body}), 400, "9900", "vault.tags[0]")
    assert tags_of(cbr, vault.id) == {}
    if member == "value":
        assert batch(cbr, vault.id, "delete", [tag]).status_code == 204


def test_what_a_batch_may_not_ask_for(cbr: ApiServer):
    vault = cbr.vault(tags=(("a", "1"),))
    twice = [{"key": "b", "value": "1"}, {"key": "b ", "value": "2"}]
    for action in ("create", "delete"):
        refused(batch(cbr, vault.id, action, twice), 400, "9900", "'b' is given twice")
        refused(batch(cbr, vault.id, action, None), 400, "9900", "tags is missing")
        refused(batch(cbr, vault.id, action, [{}]), 400, "9900", "key is missing")
        refused(batch(cbr, vault.id, action, [{"key": f"k{n}"} for n in range(21)]), 400, "9900", "tags")
        system = [{"key": "_sys_enterprise_project_id", "value": "0"}]
        refused(batch(cbr, vault.id, action, [], sys_tags=system), 400, "9900", "sys_tags")
    refused(batch(cbr, vault.id, "replace", []), 400, "9900", "action")
    assert tags_of(cbr, vault.id) == {"a": "1"}


def test_a_vault_bears_twenty_tags_and_a_batch_is_all_or_nothing(cbr: ApiServer):
    """The newer editions' twenty (contract D4)."""
    vault = cbr.vault(tags=tuple((f"k{n}", "") for n in range(19)))
    refused(batch(cbr, vault.id, "create", pairs(x="1", y="2")), 400, "6600", "21 tags")
    assert len(tags_of(cbr, vault.id)) == 19
    assert batch(cbr, vault.id, "create", pairs(x="1", k0="changed")).status_code == 204
    refused(cbr.call("POST", f"vault/{vault.id}/tags", {"tag": {"key": "y"}}), 400, "6600")
    assert cbr.call("POST", f"vault/{vault.id}/tags", {"tag": {"key": "x", "value": "2"}}).status_code == 204
    assert len(tags_of(cbr, vault.id)) == 20


def test_the_tags_of_a_project(cbr: ApiServer):
    first = cbr.vault(tags=(("project-b", "2"), ("project-a", "")))
    cbr.vault(tags=(("project-b", "1"), ("project-c", "x")))
    cbr.vault(tags=(("project-b", "2"),))
    cbr.vault(tags=(("project-held", "1"),), held_at=cbr.clock.now())
    cbr.vault("other", tags=(("project-foreign", "1"),))
    answer = cbr.call("GET", "vault/tags")
    assert answer.status_code == 200
    found = {tag["key"]: tag["values"] for tag in answer.json()["tags"] if tag["key"].startswith("project-")}
    assert found == {"project-a": [""], "project-b": ["1", "2"], "project-c": ["x"]}
    assert cbr.call("DELETE", f"vault/{first.id}/tags/project-a").status_code == 204
    assert "project-a" not in cbr.call("GET", "vault/tags").text
    assert "project-foreign" in cbr.call("GET", "vault/tags", account="other").text


def test_the_tags_of_a_new_vault_are_trimmed(cbr: ApiServer):
    vault = new_vault(cbr, tags=[{"key": " a ", "value": " b "}, {"key": "c", "value": None}])
    assert vault["tags"] == pairs(a="b", c="")
