"""The vendor's own Python SDK, unmodified, on the chapters backups and tasks; signing with an access key."""

from datetime import timedelta

import pytest
from huaweicloudsdkcbr.v1 import (
    BackupUpdate,
    BackupUpdateReq,
    CbrClient,
    CheckpointParam,
    CreateCheckpointRequest,
    DeleteBackupRequest,
    ListBackupsRequest,
    ListOpLogsRequest,
    ShowBackupRequest,
    ShowOpLogRequest,
    UpdateBackupRequest,
    VaultBackup,
    VaultBackupReq,
)
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException

from .api_server import ApiServer
from .protected_cloud import new_server, new_vault, server_ref


def client(cbr: ApiServer, account: str = "demo", project: str | None = None) -> CbrClient:
    access, secret = cbr.cloud.access_key(account)
    credentials = BasicCredentials(access, secret, project if project is not None else cbr.project(account))
    return CbrClient.new_builder().with_credentials(credentials).with_endpoint(cbr.url).build()


def test_list_and_show(cbr: ApiServer):
    vault = cbr.vault()
    first, second = cbr.backup(vault), cbr.backup(vault, name="文 b&c=d+e%")
    sdk = client(cbr)
    listed = sdk.list_backups(ListBackupsRequest(vault_id=vault.id, limit=1, offset=0, show_replication=True))
    assert (listed.count, [backup.id for backup in listed.backups]) == (2, [second.id])
    listed = sdk.list_backups(
        ListBackupsRequest(name="文 b&c=d+e%", vault_id=vault.id, sort="created_at:asc")
    )
    assert [backup.id for backup in listed.backups] == [second.id]
    shown = sdk.show_backup(ShowBackupRequest(backup_id=first.id)).backup
    assert shown.created_at.replace(tzinfo=None) == first.created_at.replace(tzinfo=None)
    assert [child.parent_id for child in shown.children] == [first.id, first.id]
    assert shown.extend_info.auto_trigger is False


def test_rename_and_delete_and_follow(cbr: ApiServer):
    backup = cbr.backup(cbr.vault())
    sdk = client(cbr)
    body = BackupUpdateReq(backup=BackupUpdate(name="new-name"))
    renamed = sdk.update_backup(UpdateBackupRequest(backup_id=backup.id, body=body)).backup
    assert renamed.name == "new-name"
    assert sdk.delete_backup(DeleteBackupRequest(backup_id=backup.id)).status_code == 204
    logs = sdk.list_op_logs(ListOpLogsRequest(resource_id=backup.resource_id, operation_type="delete"))
    assert logs.count == 1
    log = sdk.show_op_log(ShowOpLogRequest(operation_log_id=logs.operation_logs[0].id)).operation_log
    assert (log.status, log.extra_info.delete.backup_name) == ("waiting", "new-name")
    assert log.extra_info.common.progress == 0


def test_a_checkpoint_says_when_its_backups_expire_and_a_pin_disturbs_no_client(cbr: ApiServer):
    vault = new_vault(cbr, server_ref(new_server(cbr)))
    wanted = VaultBackup(vault_id=vault["id"], parameters=CheckpointParam(retention_duration_days=30))
    sdk = client(cbr)
    made = sdk.create_checkpoint(CreateCheckpointRequest(body=VaultBackupReq(checkpoint=wanted))).checkpoint
    assert made.extra_info.retention_duration == 30
    (backup,) = sdk.list_backups(ListBackupsRequest(checkpoint_id=made.id)).backups
    assert backup.expired_at - backup.created_at == timedelta(days=30)
    assert cbr.call("PUT", f"backups/{backup.id}/pin").status_code == 200
    assert sdk.show_backup(ShowBackupRequest(backup_id=backup.id)).backup.expired_at == backup.expired_at


def test_errors_reach_the_caller(cbr: ApiServer):
    with pytest.raises(ClientRequestException) as caught:
        client(cbr).show_backup(ShowBackupRequest(backup_id=cbr.backup(cbr.vault("other")).id))
    assert (caught.value.status_code, caught.value.error_code) == (404, "BackupService.6200")
    assert caught.value.request_id.startswith("req-")
    assert "no such backup" in caught.value.error_msg


def test_a_client_without_project_id_is_told(cbr: ApiServer):
    with pytest.raises(ClientRequestException) as caught:
        client(cbr, project="").list_backups(ListBackupsRequest())
    assert caught.value.status_code == 400
    assert "project_id" in caught.value.error_msg
