"""Flavors and volume types that only some projects may use: to all others they are not there."""

from typing import Any

import pytest

from .client import assert_refused
from .made import NAME, Made
from .target import Target

FLAVOR = {"ram": 128, "vcpus": 1, "disk": 1, "os-flavor-access:is_public": False}
KINDS: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "flavor": ("compute", "/flavors", "addTenantAccess", FLAVOR),
    "volume_type": ("volumev3", "/types", "addProjectAccess", {"os-volume-type-access:is_public": False}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_private_one_is_there_for_the_projects_that_are_let_in(target: Target, made: Made, kind: str):
    service, path, action, fields = KINDS[kind]
    one = made(kind, path, by=target.admin, service=service, name=NAME, **fields)
    member = target.member.project_id
    change = {action: {"tenant" if kind == "flavor" else "project": member}}
    refused = target.member.call("POST", service, f"{path}/{one['id']}/action", change)
    assert refused.status_code in (403, 404)
    assert one["id"] not in listed(target.member, service, path)
    assert target.member.call("GET", service, f"{path}/{one['id']}").status_code == 404
    assert target.admin.call("GET", service, f"{path}/{one['id']}").status_code == 200
    answer = target.admin.call("POST", service, f"{path}/{one['id']}/action", change)
    assert answer.status_code in (200, 202), answer.text
    shown = target.member.get(service, f"{path}/{one['id']}")[kind]
    assert shown[f"os-{kind.replace('_', '-')}-access:is_public"] is False
    assert one["id"] in listed(target.member, service, path)
    assert one["id"] not in listed(target.other, service, path)


def test_what_cannot_be_used_is_nothing_to_make_a_thing_of(target: Target, made: Made):
    flavor = made("flavor", "/flavors", by=target.admin, service="compute", name=NAME, **FLAVOR)
    private = {"os-volume-type-access:is_public": False}
    kind = made("volume_type", "/types", by=target.admin, service="volumev3", name=NAME, **private)
    body = {"name": NAME, "flavorRef": flavor["id"], "networks": "none", "imageRef": image(target)}
    answer = target.member.call("POST", "compute", "/servers", {"server": body}, mv="2.104")
    assert_refused(answer, 400, f"Flavor {flavor['id']} could not be found.")
    wanted = {"volume": {"name": NAME, "size": 1, "volume_type": kind["id"]}}
    answer = target.member.call("POST", "volumev3", "/volumes", wanted, mv="3.71")
    assert_refused(answer, 404, f"Volume type {kind['id']} could not be found.")


def image(target: Target) -> str:
    (found,) = target.member.get("image", "/v2/images?name=tiny")["images"]
    return str(found["id"])


def listed(client: Any, service: str, path: str) -> set[str]:
    (rows,) = [rows for rows in client.get(service, path).values() if isinstance(rows, list)]
    return {row["id"] for row in rows}
