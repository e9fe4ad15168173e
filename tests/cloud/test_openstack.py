"""The same on a real OpenStack.

OPENCBR_TEST_SERVER (default db1) is a server of the test project with a volume.
"""

import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from democloud.client import Client
from opencbr.clock import SystemClock
from opencbr.cloud import made_things
from opencbr.cloud.capture import read_server
from opencbr.cloud.cloud import Cloud
from opencbr.cloud.config import CloudSettings
from opencbr.cloud.errors import Denied, NotFound
from opencbr.cloud.second_reading import read_again

SERVICE, TENANT = "opencbr", "opencbr-test-admin"
SERVER = os.environ.get("OPENCBR_TEST_SERVER", "db1")
CLOCK = SystemClock()


pytestmark = pytest.mark.openstack


@pytest.fixture(scope="module", name="cloud")
def _cloud(real_clouds: Path) -> Iterator[Cloud]:
    cloud = Cloud(CloudSettings(cloud=SERVICE, config_files=(str(real_clouds),)), CLOCK)
    yield cloud
    cloud.close()


@pytest.fixture(scope="module", name="project_id")
def _project_id(real_clouds: Path) -> str:
    settings = CloudSettings(cloud=TENANT, config_files=(str(real_clouds),))
    return str(Cloud(settings, CLOCK)._scopes.home.access().project_id)


def read(cloud: Cloud, project_id: str):
    [server] = [s for s in cloud.reader().list_servers(project_id, name=SERVER) if s["name"] == SERVER]
    return read_server(
        cloud.reader(),
        server_id=server["id"],
        project_id=project_id,
        exclude=frozenset(),
        include=frozenset(),
        clock=CLOCK,
    )


def wait(look, wanted: str) -> None:
    deadline = time.monotonic() + 180
    while (status := look().status) != wanted:
        assert not status.startswith("error"), status
        assert time.monotonic() < deadline, f"still {status}"
        time.sleep(0.5)


def wait_gone(look) -> None:
    deadline = time.monotonic() + 180
    while True:
        try:
            look()
        except NotFound:
            return
        assert time.monotonic() < deadline, "still there"
        time.sleep(0.5)


def test_nothing_is_missing(cloud: Cloud):
    found = {finding.name: finding for finding in cloud.check()}
    # Only a running installation has an address for the catalogue.
    assert [name for name, finding in found.items() if not finding.ok] in ([], ["catalogue"]), found
    assert "may have" in found["quotas"].message
    assert cloud.keystone_ready()
    assert cloud.mover_ready()


def test_a_server_is_read_whole_and_byte_for_byte(cloud: Cloud, project_id: str):
    reading = read(cloud, project_id)
    assert (reading.unread, reading.hidden) == ((), ())
    kinds = {document.name.partition("/")[0] for document in reading.documents}
    assert {
        "server",
        "server@newest",
        "interface",
        "attachments",
        "flavor",
        "volume",
        "volume@newest",
    } <= kinds
    assert {"port", "floatingips", "network", "subnet", "security_group", "volume_type"} <= kinds
    assert reading.disks
    assert all(document.request_id.startswith("req-") for document in reading.documents)
    assert len({document.request_id for document in reading.documents}) == len(reading.documents)
    for document in reading.documents:
        again = cloud.reader().ask(document.service, document.path, microversion=document.microversion)
        assert again.body == document.body, document.name
    second = read_again(cloud.reader(), reading, CLOCK)
    assert second.unread == ()


def test_an_access_key_and_a_token_tell_the_same_caller(cloud: Cloud, project_id: str, real_clouds: Path):
    from openstack.config import OpenStackConfig

    tenant = OpenStackConfig(config_files=[str(real_clouds)], load_envvars=False).get_one(cloud=TENANT)
    owner = cloud.identity.key_owner(tenant.config["ec2"]["access"])
    assert owner.secret == tenant.config["ec2"]["secret"]
    caller = cloud.identity.validate(tenant.get_session().get_token())
    assert (owner.user_id, owner.project_id) == (caller.user_id, caller.project_id)
    assert owner.roles == caller.roles
    assert owner.project_id == project_id


def test_snapshot_backup_and_incremental_in_the_tenant_s_project(cloud: Cloud, project_id: str):
    project, reader = cloud.project(project_id), cloud.reader()
    volume = read(cloud, project_id).disks[-1].volume_id
    prefix = f"opencbr-test-{uuid.uuid4().hex[:8]}"
    snapshots, backups = [], []
    try:
        for number in range(2):
            name = f"{prefix}-{number}"
            snapshot = project.create_snapshot(volume, name, "made by a test")
            snapshots.append(snapshot.id)
            wait(lambda id_=snapshot.id: project.get_snapshot(id_), "available")
            assert project.find_snapshot(name, volume).id == snapshot.id
            backup = project.create_backup(
                volume, snapshot.id, name, incremental=number > 0, metadata={"made-by": "test"}
            )
            backups.append(backup.id)
            wait(lambda id_=backup.id: project.get_backup(id_), "available")
            assert project.find_backup(name, volume).id == backup.id
        assert project.get_backup(backups[0]).has_dependents
        assert project.get_backup(backups[1]).is_incremental
        assert {row.id for row in made_things.snapshots(reader, prefix)} == set(snapshots)
        rows = made_things.backups(reader, prefix)
        assert {row.id for row in rows} == set(backups)
        assert {row.project_id for row in rows} == {project_id}
        assert b'"backup-record"' in project.export_record(backups[0], "export/x").body
        with pytest.raises(Denied, match="another project"):
            cloud.project(str(cloud._scopes.home.access().project_id)).export_record(backups[0], "export/x")
    finally:
        for id_ in reversed(backups):
            wait(lambda id_=id_: project.get_backup(id_), "available")
            project.delete_backup(id_)
            wait_gone(lambda id_=id_: project.get_backup(id_))
        for id_ in snapshots:
            project.delete_snapshot(id_)
            wait_gone(lambda id_=id_: project.get_snapshot(id_))


def test_a_service_user_whose_tokens_are_revoked_goes_on(real_clouds: Path, project_id: str):
    """Whoever leaves a group has no token any more, nor one that is made in the same second (on one of some five tries)."""
    admin = Client(os.environ.get("OPENCBR_TEST_ADMIN_CLOUD", "admin"), str(real_clouds))
    group = {"name": f"opencbr-test-{uuid.uuid4().hex[:8]}", "domain_id": "default"}
    made = admin.call("POST", "identity", "/groups", {"group": group}).json()["group"]["id"]
    try:
        for _ in range(10):
            cloud = Cloud(CloudSettings(cloud=SERVICE, config_files=(str(real_clouds),)), CLOCK)
            user = cloud._scopes.home.access().user_id
            for method in ("PUT", "DELETE"):
                path = f"/groups/{made}/users/{user}"
                assert admin.call(method, "identity", path).status_code == 204
            assert cloud.reader().list_servers(project_id, name=SERVER)
            cloud.close()
    finally:
        assert admin.call("DELETE", "identity", f"/groups/{made}").status_code == 204
