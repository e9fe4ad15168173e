"""ShowVaultResourceInstances over HTTP: find and count vaults by their tags (contract 5.9)."""

import pytest

from .api_server import ApiServer
from .protected_cloud import refused

PATH = "vault/resource_instances/action"


@pytest.fixture(scope="module", autouse=True, name="vaults")
def _vaults(cbr: ApiServer):
    """By their names; each name begins with `by-tags`, by which this module's vaults are told from others."""
    db = cbr.vault(name="by-tags-db", tags=(("team", "db"), ("env", "prod")))
    web = cbr.vault(name="by-tags-web", tags=(("team", "web"), ("env", "prod")), cloud_type="hybrid")
    bare = cbr.vault(name="by-tags-bare", object_type="disk")
    cbr.vault("other", name="by-tags-foreign", tags=(("team", "db"),))
    cbr.vault(name="by-tags-held", tags=(("team", "db"),), held_at=cbr.clock.now())
    return {one.name: one for one in (db, web, bare)}


def ask(cbr: ApiServer, action: str = "filter", **wanted):
    named = {"matches": [{"key": "resource_name", "value": "by-tags"}]}
    answer = cbr.call("POST", PATH, {"action": action, **named, **wanted})
    assert answer.status_code == 200, answer.text
    return answer.json()


def found(cbr: ApiServer, **wanted) -> list[str]:
    """The names that are found, the newest first; the count is of these."""
    answer = ask(cbr, **wanted)
    names = [row["resource_name"].removeprefix("by-tags-") for row in answer["resources"]]
    assert answer["total_count"] == len(names)
    assert ask(cbr, "count", **wanted) == {"total_count": len(names)}
    return names


def tag(key: str, *values: str):
    return [{"key": key, "values": [*values]}]


def test_what_is_told_of_a_vault(cbr: ApiServer, vaults):
    answer = ask(cbr, tags=tag("team", "db"))
    vault = vaults["by-tags-db"]
    tags = [{"key": "team", "value": "db"}, {"key": "env", "value": "prod"}]
    assert answer == {
        "resources": [
            {
                "resource_id": vault.id,
                "resource_name": vault.name,
                "resource_detail": {"vault": cbr.call("GET", f"vaults/{vault.id}").json()["vault"]},
                "tags": tags,
                "sys_tags": [],
            }
        ],
        "total_count": 1,
    }


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({}, ["bare", "web", "db"]),
        ({"tags": [], "sys_tags": [], "without_any_tag": False}, ["bare", "web", "db"]),
        ({"tags": tag("env", " prod ")}, ["web", "db"]),
        ({"tags": tag("env", "prod") + tag("team", "db", "ops")}, ["db"]),
        ({"tags": tag(" team ")}, ["web", "db"]),
        ({"tags_any": tag("team", "web") + tag("nothing")}, ["web"]),
        ({"not_tags": tag("team", "db") + tag("env", "prod")}, ["bare", "web"]),
        ({"not_tags_any": tag("team", "db")}, ["bare", "web"]),
        ({"without_any_tag": True, "tags": tag("team", "db")}, ["bare"]),
        ({"cloud_type": "hybrid"}, ["web"]),
        ({"object_type": "disk"}, ["bare"]),
        ({"object_type": "turbo"}, []),
        ({"matches": [{"key": "resource_name", "value": "y-tags-w"}]}, ["web"]),
        ({"matches": [{"key": "resource_name", "value": "BY-TAGS-W"}]}, []),
        ({"matches": [{"key": "resource_name", "value": ""}]}, []),
        ({"sys_tags": tag("_sys_enterprise_project_id", "0", "x"), "tags": tag("team", "db")}, ["db"]),
        ({"sys_tags": tag("_sys_enterprise_project_id"), "tags": tag("team", "db")}, ["db"]),
        ({"sys_tags": tag("_sys_enterprise_project_id", "x")}, []),
        ({"sys_tags": tag("any")}, []),
    ],
)
def test_filters(cbr: ApiServer, wanted, names):
    assert found(cbr, **wanted) == names


@pytest.mark.parametrize("kind", [str, int], ids=["texts", "numbers"])
def test_pages_by_texts_and_by_numbers(cbr: ApiServer, kind):
    names = []
    for offset in range(4):
        answer = ask(cbr, limit=kind(1), offset=kind(offset))
        assert answer["total_count"] == 3
        names += [row["resource_name"] for row in answer["resources"]]
    assert names == ["by-tags-bare", "by-tags-web", "by-tags-db"]
    # Past the end is an empty page, and counting knows no pages (trap T10).
    assert ask(cbr, "count", limit=kind(1), offset=kind(2)) == {"total_count": 3}


@pytest.mark.parametrize(
    ("wanted", "place"),
    [
        ({"action": "find"}, "action"),
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"limit": "٣"}, "limit"),
        ({"limit": 1001}, "limit"),
        ({"offset": "-1"}, "offset"),
        ({"offset": "1e3"}, "offset"),
        ({"offset": "9" * 40}, "offset"),
        ({"matches": [{"key": "name", "value": "x"}]}, "matches"),
        ({"matches": [{"key": "resource_name"}]}, "matches"),
        ({"matches": [{"key": "resource_name", "value": "x"}] * 2}, "matches"),
        ({"tags": [{"values": []}]}, "tags"),
        ({"tags": [{"key": ""}]}, "tags"),
        ({"tags": {"a": "b"}}, "tags"),
        ({"tags_any": tag("a") * 21}, "tags_any"),
        ({"not_tags": [{"key": "a", "values": "b"}]}, "not_tags"),
        ({"without_any_tag": "true"}, "without_any_tag"),
        ({"cloud_type": "private"}, "cloud_type"),
        ({"object_type": "server "}, "object_type"),
    ],
    ids=str,
)
def test_what_may_not_be_asked(cbr: ApiServer, wanted, place):
    refused(cbr.call("POST", PATH, {"action": "filter"} | wanted), 400, "9900", place)
