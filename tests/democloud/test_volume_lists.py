"""Cinder's lists: filters, pages and services, and whose resources are seen."""

from typing import Any

import pytest

from .client import assert_refused
from .target import MISSING, Target


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/volumes/{}", "Volume {} could not be found."),
        ("/snapshots/{}", "Snapshot {} could not be found."),
        ("/backups/{}", "Backup {} could not be found."),
        ("/types/{}", "Volume type {} could not be found."),
        ("/attachments/{}", "Volume attachment could not be found with filter: attachment_id = {}."),
    ],
)
def test_unknown_things(target: Target, path: str, message: str) -> None:
    answer = target.member.call("GET", "volumev3", path.format(MISSING), mv="3.71")
    assert_refused(answer, 404, message.format(MISSING))


def test_things_of_another_project_are_not_there(target: Target, lifecycle: dict[str, Any]) -> None:
    for kind, id_ in (("volume", "volume"), ("snapshot", "snapshot"), ("backup", "full")):
        path = f"/{kind}s/{lifecycle[id_]}"
        message = f"{kind.capitalize()} {lifecycle[id_]} could not be found."
        assert_refused(target.other.call("GET", "volumev3", path), 404, message)
        assert_refused(target.other.call("DELETE", "volumev3", path), 404, message)
    body = {"backup": {"volume_id": lifecycle["volume"], "name": "stolen"}}
    message = f"Volume {lifecycle['volume']} could not be found."
    assert_refused(target.other.call("POST", "volumev3", "/backups", body), 404, message)


def test_the_project_in_the_address_is_the_token_s(target: Target) -> None:
    base = target.member.session.get_endpoint(service_type="volumev3", interface="public")
    foreign = base.replace(target.member.project_id, target.other.project_id) + "/volumes"
    answer = target.member.session.get(foreign, raise_exc=False)
    assert_refused(answer, 400, "Malformed request url")


def test_lists_filter(target: Target, lifecycle: dict[str, Any]) -> None:
    rows = target.member.get("volumev3", f"/backups/detail?volume_id={lifecycle['volume']}&status=available")[
        "backups"
    ]
    assert [row["id"] for row in rows] == [lifecycle["incremental"], lifecycle["full"]]  # newest first
    rows = target.member.get(
        "volumev3", f"/backups/detail?volume_id={lifecycle['volume']}&sort=created_at:asc"
    )["backups"]
    assert [row["id"] for row in rows] == [lifecycle["full"], lifecycle["incremental"]]
    named = target.member.get("volumev3", "/backups?name=opencbr-test-conformance")["backups"]
    assert {row["id"] for row in named} == {lifecycle["full"], lifecycle["incremental"]}
    assert list(named[0]) == ["id", "name", "links"]
    snapshots = target.admin.get("volumev3", "/snapshots/detail?all_tenants=1&name=opencbr-test-conformance")[
        "snapshots"
    ]
    assert [row["id"] for row in snapshots] == [lifecycle["snapshot"]]
    assert (
        target.other.get("volumev3", "/snapshots/detail?all_tenants=1&name=opencbr-test-conformance")[
            "snapshots"
        ]
        == []
    )
    assert target.other.get("volumev3", "/backups/detail?name=opencbr-test-conformance")["backups"] == []


def test_filters_that_do_not_exist(target: Target) -> None:
    for name in ("bogus", "name~"):
        answer = target.member.call("GET", "volumev3", f"/backups/detail?{name}=1", mv="3.71")
        assert_refused(answer, 400, f"Invalid filters {name} are found in query options.")


def test_part_of_a_name_is_a_filter_for_admins(target: Target, lifecycle: dict[str, Any]) -> None:
    path = f"/backups/detail?all_tenants=1&project_id={target.member.project_id}&name~=test-conf"
    found = {row["id"] for row in target.admin.get("volumev3", path, mv="3.71")["backups"]}
    assert {lifecycle["full"], lifecycle["incremental"]} <= found


def test_pages(target: Target, lifecycle: dict[str, Any]) -> None:
    first = target.member.get("volumev3", "/backups?limit=1&name=opencbr-test-conformance")
    assert [row["id"] for row in first["backups"]] == [lifecycle["incremental"]]
    following = first["backups_links"][0]
    assert following["rel"] == "next"
    rest = target.member.session.get(following["href"]).json()
    assert [row["id"] for row in rest["backups"]] == [lifecycle["full"]]


def test_services(target: Target) -> None:
    assert_refused(
        target.member.call("GET", "volumev3", "/os-services"),
        403,
        "Policy doesn't allow volume_extension:services:index to be performed.",
    )
    rows = target.admin.get("volumev3", "/os-services")["services"]
    assert {"cinder-backup", "cinder-volume", "cinder-scheduler"} <= {row["binary"] for row in rows}
    mover = next(row for row in rows if row["binary"] == "cinder-backup")
    names = ["binary", "host", "zone", "status", "state", "updated_at", "disabled_reason"]
    assert list(mover) == names
    assert (mover["status"], mover["state"]) == ("enabled", "up")


def test_a_marker_may_be_anybodys(target: Target) -> None:
    (first, *_) = target.member.get("volumev3", "/volumes")["volumes"]
    for client, everybody in ((target.member, ""), (target.other, ""), (target.admin, "&all_tenants=1")):
        found = client.get("volumev3", f"/volumes/detail?marker={first['id']}{everybody}")["volumes"]
        assert first["id"] not in {row["id"] for row in found}
        for kind in ("volume", "snapshot", "backup"):
            answer = client.call("GET", "volumev3", f"/{kind}s/detail?marker={MISSING}{everybody}")
            assert_refused(answer, 404, f"{kind.capitalize()} {MISSING} could not be found.")
