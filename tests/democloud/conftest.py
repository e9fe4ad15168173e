"""Two clouds for one suite: the embedded one always, a real one when the environment names it.

The test project of the real one holds the servers db1 (boots from a volume) and web1 (boots from an image).
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from opencbr.democloud import DemoCloud, Timing
from support.cloud_objects import CloudObjects

from .client import Client
from .made import Made
from .target import Target


def _embedded(folder: Path) -> Iterator[Target]:
    with DemoCloud(folder / "cloud", timing=Timing.by_polls(6)) as cloud:
        file = folder / "clouds.yaml"
        file.write_text(yaml.safe_dump(cloud.clouds_yaml()))
        admin, member, other = (Client(name, str(file)) for name in ("admin", "demo", "other"))
        yield Target(admin, member, other, cloud.auth_url, cloud)
        assert cloud.errors == []


def _real(file: Path) -> Target:
    admin_cloud = os.environ.get("OPENCBR_TEST_ADMIN_CLOUD", "admin")
    tenant_cloud = os.environ.get("OPENCBR_TEST_CLOUD") or os.environ["OS_CLOUD"]  # whose key db1 has
    names = (admin_cloud, tenant_cloud, "opencbr-test-other")
    admin, member, other = (Client(name, str(file)) for name in names)
    return Target(admin, member, other, str(admin.session.auth.auth_url).rstrip("/"), None)


_CLOUDS = ["embedded", pytest.param("real", marks=pytest.mark.openstack)]


@pytest.fixture(scope="session", params=_CLOUDS, name="target")
def _target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    if request.param == "embedded":
        yield from _embedded(tmp_path_factory.mktemp("embedded"))
    else:
        yield _real(request.getfixturevalue("real_clouds"))


@pytest.fixture(name="made")
def _made(target: Target) -> Iterator[Made]:
    made = Made(target)
    yield made
    made.remove()


@pytest.fixture(scope="session", name="lifecycle")
def _lifecycle(target: Target) -> Iterator[dict[str, Any]]:
    """A volume with a snapshot, a full and an incremental backup, and the states each went through."""
    member, lifecycle = target.member, {}
    made: list[tuple[str, str]] = []
    try:
        body = {"volume": {"size": 1, "name": "opencbr-test-conformance", "metadata": {"purpose": "test"}}}
        answer = member.call("POST", "volumev3", "/volumes", body, mv="3.71")
        assert answer.status_code == 202, answer.text
        volume = answer.json()["volume"]["id"]
        made.append(("volume", volume))
        lifecycle |= {"volume": volume, "volume answer": answer}
        lifecycle["volume states"] = member.states(f"/volumes/{volume}", "volume", {"available"})
        if target.demo:
            target.demo.write(volume, b"first" * 100_000)
        body = {
            "snapshot": {
                "volume_id": volume,
                "name": "opencbr-test-conformance",
                "metadata": {"purpose": "test"},
            }
        }
        answer = member.call("POST", "volumev3", "/snapshots", body, mv="3.71")
        assert answer.status_code == 202, answer.text
        snapshot = answer.json()["snapshot"]["id"]
        made.append(("snapshot", snapshot))
        lifecycle |= {"snapshot": snapshot, "snapshot answer": answer}
        lifecycle["snapshot states"] = member.states(f"/snapshots/{snapshot}", "snapshot", {"available"})
        lifecycle |= _backups(target, volume, snapshot, made)
        yield lifecycle
    finally:
        for kind, id_ in reversed(made):
            member.states(f"/{kind}s/{id_}", kind, {"available", "error", 404})
            member.call("DELETE", "volumev3", f"/{kind}s/{id_}")
            member.states(f"/{kind}s/{id_}", kind, {404})


def _backups(target: Target, volume: str, snapshot: str, made: list[tuple[str, str]]) -> dict[str, Any]:
    member, lifecycle = target.member, {}
    given = {
        "volume_id": volume,
        "snapshot_id": snapshot,
        "name": "opencbr-test-conformance",
        "metadata": {"purpose": "test"},
    }
    answer = member.call("POST", "volumev3", "/backups", {"backup": given}, mv="3.71")
    assert answer.status_code == 202, answer.text
    full = answer.json()["backup"]["id"]
    made.append(("backup", full))
    lifecycle |= {"full": full, "full answer": answer}
    lifecycle["snapshot while backed up"] = member.get("volumev3", f"/snapshots/{snapshot}")["snapshot"][
        "status"
    ]
    lifecycle["full while made"] = member.get("volumev3", f"/backups/{full}", mv="3.71")
    refused = {
        "delete snapshot": member.call("DELETE", "volumev3", f"/snapshots/{snapshot}"),
        "delete backup": member.call("DELETE", "volumev3", f"/backups/{full}"),
        "restore": member.call("POST", "volumev3", f"/backups/{full}/restore", {"restore": {}}),
        "export": target.admin.call("GET", "volumev3", f"/backups/{full}/export_record"),
    }
    lifecycle["refused while made"] = {name: (got.status_code, got.json()) for name, got in refused.items()}
    lifecycle["full states"] = member.states(f"/backups/{full}", "backup", {"available"})
    given = {"volume_id": volume, "name": "opencbr-test-conformance", "incremental": True}
    answer = member.call("POST", "volumev3", "/backups", {"backup": given}, mv="3.71")
    assert answer.status_code == 202, answer.text
    lifecycle["incremental"] = answer.json()["backup"]["id"]
    made.append(("backup", lifecycle["incremental"]))
    lifecycle["incremental states"] = member.states(
        f"/backups/{lifecycle['incremental']}", "backup", {"available"}
    )
    return lifecycle


@pytest.fixture(scope="module")
def objects(target: Target) -> Iterator[CloudObjects]:
    """Makes things in the tenant's project, which are gone when the module has ended."""
    made = CloudObjects(target.member)
    try:
        yield made
    finally:
        made.clear()
