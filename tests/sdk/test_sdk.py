"""The vendor's Python SDK, unmodified, against the whole service: every operation that is offered.

The tests of this module are chapters of one story and run in their order: what one makes, later ones use, and
the last ones take everything away again.
"""

import json
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest
from huaweicloudsdkcbr import v1
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException

from .installation import Installation, Key, eventually

SERVER, DISK = "OS::Nova::Server", "OS::Cinder::Volume"


@pytest.fixture(scope="module", name="story")
def _story(installation: Installation) -> SimpleNamespace:
    return SimpleNamespace(installation=installation, client=installation.client())


def gone(call: Any, request: Any, code: str) -> bool:
    """Say whether a thing is 404 with this code."""
    try:
        call(request)
    except ClientRequestException as error:
        return (error.status_code, error.error_code) == (404, f"BackupService.{code}")
    return False


def billing(kind: str) -> v1.BillingCreate:
    return v1.BillingCreate(
        object_type=kind,
        protect_type="backup",
        consistent_level="crash_consistent",
        size=100,
        cloud_type="public",
    )


def make_vault(story: SimpleNamespace, kind: str, resources: list[v1.ResourceCreate]) -> Any:
    body = v1.VaultCreateReq(
        vault=v1.VaultCreate(
            name=f"sdk_{kind}",
            billing=billing(kind),
            resources=resources,
            tags=[v1.Tag(key="made_by", value="sdk")],
        )
    )
    return story.client.create_vault(v1.CreateVaultRequest(body=body)).vault


def back_up(story: SimpleNamespace, vault_id: str, **parameters: Any) -> Any:
    body = v1.VaultBackupReq(
        checkpoint=v1.VaultBackup(vault_id=vault_id, parameters=v1.CheckpointParam(**parameters))
    )
    return story.client.create_checkpoint(v1.CreateCheckpointRequest(body=body)).checkpoint


def finished(story: SimpleNamespace, checkpoint_id: str) -> Any:
    """Wait as Terraform does: until the checkpoint is available, then until its resources are."""

    def look() -> Any:
        request = v1.ShowCheckpointRequest(checkpoint_id=checkpoint_id)
        shown = story.client.show_checkpoint(request).checkpoint
        assert shown.status in {"protecting", "available"}, why(story, checkpoint_id)
        assert shown.vault.resources
        at_rest = {r.protect_status for r in shown.vault.resources} == {"available"}
        return shown if shown.status == "available" and at_rest else None

    return eventually(look, f"checkpoint {checkpoint_id} is available")


def why(story: SimpleNamespace, checkpoint_id: str) -> str:
    logs = story.client.list_op_logs(v1.ListOpLogsRequest()).operation_logs
    return str([log.error_info for log in logs if log.checkpoint_id == checkpoint_id])


def backup_of(story: SimpleNamespace, checkpoint_id: str) -> Any:
    request = v1.ListBackupsRequest(checkpoint_id=checkpoint_id)
    (backup,) = story.client.list_backups(request).backups
    return backup


def test_list_protectable_finds_the_server(story: SimpleNamespace):
    request = v1.ListProtectableRequest(
        protectable_type="server", name=story.installation.server_name, limit=50
    )
    (server,) = story.client.list_protectable(request).instances
    assert (server.type, server.protectable.result) == (SERVER, True), server.protectable
    assert server.children
    request = v1.ListProtectableRequest(protectable_type="disk", server_id=server.id)
    disks = story.client.list_protectable(request).instances
    assert {disk.id for disk in disks} == {child["id"] for child in server.children}
    story.server, story.disks = server, disks


def test_show_protectable(story: SimpleNamespace):
    for kind, known in (("server", story.server), ("disk", story.disks[0])):
        request = v1.ShowProtectableRequest(protectable_type=kind, instance_id=known.id)
        shown = story.client.show_protectable(request).instance
        assert (shown.id, shown.name, shown.size) == (known.id, known.name, known.size)


def test_create_vault(story: SimpleNamespace):
    story.vault = make_vault(story, "server", [])
    assert story.vault.billing.status == "available"
    assert story.vault.resources == []
    assert datetime.fromisoformat(str(story.vault.created_at))


def test_add_vault_resource(story: SimpleNamespace):
    resources = [v1.ResourceCreate(id=story.server.id, type=SERVER)]
    request = v1.AddVaultResourceRequest(
        vault_id=story.vault.id, body=v1.VaultAddResourceReq(resources=resources)
    )
    assert story.client.add_vault_resource(request).add_resource_ids == [story.server.id]


def test_show_vault(story: SimpleNamespace):
    shown = story.client.show_vault(v1.ShowVaultRequest(vault_id=story.vault.id)).vault
    (bound,) = shown.resources
    assert (bound.id, bound.protect_status, bound.size) == (story.server.id, "available", story.server.size)
    assert shown.billing.allocated == story.server.size


def test_update_vault(story: SimpleNamespace):
    change = v1.VaultUpdate(name="sdk_renamed", billing=v1.BillingUpdate(size=200))
    request = v1.UpdateVaultRequest(vault_id=story.vault.id, body=v1.VaultUpdateReq(vault=change))
    changed = story.client.update_vault(request).vault
    assert (changed.name, changed.billing.size) == ("sdk_renamed", 200)


def test_list_vault(story: SimpleNamespace):
    listed = story.client.list_vault(
        v1.ListVaultRequest(id=[story.vault.id], cloud_type="public", limit=10, offset=0)
    )
    assert (listed.count, listed.limit, listed.offset) == (1, 10, 0)
    assert [vault.name for vault in listed.vaults] == ["sdk_renamed"]
    listed = story.client.list_vault(v1.ListVaultRequest(resource_ids=story.server.id))
    assert [vault.id for vault in listed.vaults] == [story.vault.id]


def test_show_summary(story: SimpleNamespace):
    summary = story.client.show_summary(v1.ShowSummaryRequest())
    assert (summary.size, summary.used_size) == (200, 0)


def test_create_checkpoint(story: SimpleNamespace):
    checkpoint = back_up(story, story.vault.id, name="sdk_backup", description="by the SDK")
    assert checkpoint.status == "protecting"
    (resource,) = checkpoint.vault.resources
    assert resource.id == story.server.id
    assert resource.resource_size == str(story.server.size)
    story.checkpoint_id = checkpoint.id
    with pytest.raises(ClientRequestException) as refused:
        back_up(story, story.vault.id)
    assert (refused.value.status_code, refused.value.error_code) == (400, "BackupService.1001")


def test_show_checkpoint(story: SimpleNamespace):
    shown = finished(story, story.checkpoint_id)
    assert shown.vault.skipped_resources == []


def test_list_and_show_backup(story: SimpleNamespace):
    backup = backup_of(story, story.checkpoint_id)
    assert (backup.status, backup.name, backup.description) == ("available", "sdk_backup", "by the SDK")
    shown = story.client.show_backup(v1.ShowBackupRequest(backup_id=backup.id)).backup
    assert {child.resource_id for child in shown.children} == {disk.id for disk in story.disks}
    assert shown.resource_name == story.installation.server_name
    story.backup = shown
    for request in (
        v1.ListBackupsRequest(vault_id=story.vault.id, status="available", sort="created_at:desc", limit=1),
        v1.ListBackupsRequest(resource_id=story.server.id, resource_type=SERVER, name="sdk_backup"),
    ):
        listed = story.client.list_backups(request)
        assert [b.id for b in listed.backups] == [backup.id]
    listed = story.client.list_backups(v1.ListBackupsRequest(marker=backup.id, vault_id=story.vault.id))
    assert listed.backups == []


def test_update_backup(story: SimpleNamespace):
    request = v1.UpdateBackupRequest(
        backup_id=story.backup.id, body=v1.BackupUpdateReq(backup=v1.BackupUpdate(name="kept"))
    )
    assert story.client.update_backup(request).backup.name == "kept"


def test_show_metadata_of_a_server(story: SimpleNamespace):
    answer = story.client.show_metadata(v1.ShowMetadataRequest(backup_id=story.backup.id))
    assert answer.backup_id == story.backup.id
    assert json.loads(answer.backups)["resource_id"] == story.server.id
    assert json.loads(answer.server)["server"]["name"] == story.installation.server_name
    assert json.loads(answer.flavor)["flavor"]["id"]
    volumes = [json.loads(text)["volume"]["id"] for text in answer.volumes]
    assert set(volumes) == {disk.id for disk in story.disks}
    attached = json.loads(answer.interface)["interfaceAttachments"]
    ports = {json.loads(text)["port"]["id"] for text in answer.ports}
    assert ports == {one["port_id"] for one in attached}
    assert all("floatingips" in json.loads(text) for text in answer.floatingips)


def test_operation_logs(story: SimpleNamespace):
    request = v1.ListOpLogsRequest(vault_id=story.vault.id, operation_type="backup")
    (log,) = story.client.list_op_logs(request).operation_logs
    shown = story.client.show_op_log(v1.ShowOpLogRequest(operation_log_id=log.id)).operation_log
    assert (shown.status, shown.extra_info.common.progress) == ("success", 100)
    assert shown.extra_info.resource.id == story.server.id


def test_restore_backup(story: SimpleNamespace):
    """Asked for and waited for as Terraform does (contract 10.1): the operation log until it ends."""
    first = story.backup.children[0]
    wanted = v1.BackupRestore(
        mappings=[v1.BackupRestoreServerMapping(backup_id=first.id, volume_id=first.resource_id)],
        server_id=story.server.id,
        power_on=True,
    )
    request = v1.RestoreBackupRequest(backup_id=story.backup.id, body=v1.BackupRestoreReq(restore=wanted))
    assert story.client.restore_backup(request).status_code == 202
    request = v1.ListOpLogsRequest(vault_id=story.vault.id, operation_type="restore")
    (asked,) = story.client.list_op_logs(request).operation_logs

    def ended() -> Any:
        show = v1.ShowOpLogRequest(operation_log_id=asked.id)
        log = story.client.show_op_log(show).operation_log
        assert log.status in {"waiting", "running", "success"}, log.error_info
        return log if log.status == "success" else None

    told = eventually(ended, "the restore has ended").extra_info
    assert (told.restore.backup_id, told.restore.target_resource_id) == (story.backup.id, story.server.id)
    backup = story.client.show_backup(v1.ShowBackupRequest(backup_id=story.backup.id)).backup
    assert backup.status == "available"


def test_a_disk_has_its_own_vault(story: SimpleNamespace):
    disk = story.disks[-1]
    with pytest.raises(ClientRequestException) as refused:
        make_vault(story, "disk", [v1.ResourceCreate(id=disk.id, type=DISK)])
    assert refused.value.error_code == "BackupService.6137"
    # Out of the server's backups, it may have its own.
    without = v1.ResourceExtraInfo(exclude_volumes=[disk.id])
    server = v1.ResourceCreate(id=story.server.id, type=SERVER, extra_info=without)
    story.client.add_vault_resource(
        v1.AddVaultResourceRequest(vault_id=story.vault.id, body=v1.VaultAddResourceReq(resources=[server]))
    )
    vault = make_vault(story, "disk", [v1.ResourceCreate(id=disk.id, type=DISK)])
    checkpoint = back_up(story, vault.id, resources=[disk.id], incremental=False)
    finished(story, checkpoint.id)
    backup = backup_of(story, checkpoint.id)
    assert (backup.resource_type, backup.children) == (DISK, [])
    story.disk_vault, story.disk_backup, story.disk_checkpoint = vault, backup, checkpoint


def test_show_metadata_of_a_disk(story: SimpleNamespace):
    answer = story.client.show_metadata(v1.ShowMetadataRequest(backup_id=story.disk_backup.id))
    assert [json.loads(text)["volume"]["id"] for text in answer.volumes] == [story.disks[-1].id]
    assert (answer.server, answer.ports, answer.floatingips) == (None, [], [])


def test_delete_backup_takes_its_checkpoint_along(story: SimpleNamespace):
    story.client.delete_backup(v1.DeleteBackupRequest(backup_id=story.disk_backup.id))
    show = v1.ShowBackupRequest(backup_id=story.disk_backup.id)
    eventually(lambda: gone(story.client.show_backup, show, "6200"), "the backup is gone")
    look = v1.ShowCheckpointRequest(checkpoint_id=story.disk_checkpoint.id)
    assert gone(story.client.show_checkpoint, look, "6217")
    metadata = v1.ShowMetadataRequest(backup_id=story.disk_backup.id)
    assert gone(story.client.show_metadata, metadata, "6200")


def test_remove_vault_resource_deletes_its_backups(story: SimpleNamespace):
    body = v1.VaultRemoveResourceReq(resource_ids=[story.server.id])
    request = v1.RemoveVaultResourceRequest(vault_id=story.vault.id, body=body)
    assert story.client.remove_vault_resource(request).remove_resource_ids == [story.server.id]

    def unbound() -> bool:
        shown = story.client.show_vault(v1.ShowVaultRequest(vault_id=story.vault.id)).vault
        assert all(r.protect_status == "removing" for r in shown.resources)
        return not shown.resources

    eventually(unbound, "the server has left the vault")
    assert gone(story.client.show_backup, v1.ShowBackupRequest(backup_id=story.backup.id), "6200")


def test_delete_vault(story: SimpleNamespace):
    for vault in (story.vault, story.disk_vault):
        story.client.delete_vault(v1.DeleteVaultRequest(vault_id=vault.id))
    for vault in (story.vault, story.disk_vault):
        show = v1.ShowVaultRequest(vault_id=vault.id)
        eventually(lambda show=show: gone(story.client.show_vault, show, "6105"), "the vault is gone")
    assert story.client.show_summary(v1.ShowSummaryRequest()).size == 0
    logs = story.client.list_op_logs(v1.ListOpLogsRequest(operation_type="vault_delete")).operation_logs
    assert [log.status for log in logs] == ["success"] * 2


def test_a_wrong_secret_is_told_so(story: SimpleNamespace):
    key = story.installation.key
    stranger = story.installation.client(Key(key.access, "wrong", key.project_id))
    with pytest.raises(ClientRequestException) as refused:
        stranger.list_vault(v1.ListVaultRequest())
    assert (refused.value.status_code, refused.value.error_code) == (401, "APIGW.0301")
