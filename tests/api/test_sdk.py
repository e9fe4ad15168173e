"""The vendor's own Python SDK, unmodified, on what needs no worker; signing with an access key."""

from datetime import timedelta

import pytest
from huaweicloudsdkcbr.v1 import (
    BackupUpdate,
    BackupUpdateReq,
    BatchUpdateVaultRequest,
    BatchUpdateVaultRequestBody,
    CbrClient,
    CheckpointParam,
    CreateCheckpointRequest,
    DeleteBackupRequest,
    ListBackupsRequest,
    ListOpLogsRequest,
    MigrateVaultResourceRequest,
    SetVaultResourceRequest,
    ShowBackupRequest,
    ShowOpLogRequest,
    ShowStorageUsageRequest,
    ShowVaultRequest,
    UpdateBackupRequest,
    UpdateExpirationTimeReq,
    UpdateExpirationTimeRequest,
    VaultBackup,
    VaultBackupReq,
    VaultBatchUpdate,
    VaultMigrateResourceReq,
    VaultSetResourceReq,
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


def test_resources_are_suspended_and_migrated(cbr: ApiServer):
    server = new_server(cbr)
    source, destination = new_vault(cbr, server_ref(server)), new_vault(cbr)
    sdk = client(cbr)

    def resources_of(vault_id: str):
        return sdk.show_vault(ShowVaultRequest(vault_id=vault_id)).vault.resources

    suspend = VaultSetResourceReq(resource_ids=[server["id"]], action="suspend")
    done = sdk.set_vault_resource(SetVaultResourceRequest(vault_id=source["id"], body=suspend))
    assert done.set_resource_ids == [server["id"]]
    assert resources_of(source["id"])[0].auto_protect is False
    there = VaultMigrateResourceReq(destination_vault_id=destination["id"], resource_ids=[server["id"]])
    done = sdk.migrate_vault_resource(MigrateVaultResourceRequest(vault_id=source["id"], body=there))
    assert done.migrated_resources == [server["id"]]
    assert resources_of(source["id"]) == []
    assert [one.id for one in resources_of(destination["id"])] == [server["id"]]
    logs = sdk.list_op_logs(ListOpLogsRequest(operation_type="migrate_resources", resource_id=server["id"]))
    assert [(one.status, one.error_info.code) for one in logs.operation_logs] == [("success", "")]
    with pytest.raises(ClientRequestException) as caught:
        sdk.migrate_vault_resource(MigrateVaultResourceRequest(vault_id=source["id"], body=there))
    assert (caught.value.status_code, caught.value.error_code) == (400, "BackupService.6135")


def test_vaults_change_together_and_their_backups_expire_on_one_day(cbr: ApiServer):
    vault = cbr.vault()
    backup = cbr.backup(vault)
    sdk = client(cbr)
    body = BatchUpdateVaultRequestBody(vault=VaultBatchUpdate(smn_notify=True, threshold=42))
    done = sdk.batch_update_vault(BatchUpdateVaultRequest(body=body))
    assert vault.id in done.updated_vaults_id
    assert sdk.show_vault(ShowVaultRequest(vault_id=vault.id)).vault.threshold == 42
    day = UpdateExpirationTimeReq(expect_expiration_date="2099-01-31", time_zone="UTC+08:00")
    done = sdk.update_expiration_time(UpdateExpirationTimeRequest(vault_id=vault.id, body=day))
    assert (done.affected_backups_count, done.new_expiration_day) == (1, "2099-01-31")
    log = sdk.show_op_log(ShowOpLogRequest(operation_log_id=done.operation_log_id)).operation_log
    told = log.extra_info.update_expiration_time
    assert (log.status, told.affected_backups_count, told.expiration_day) == ("success", 1, "2099-01-31")
    expires = sdk.show_backup(ShowBackupRequest(backup_id=backup.id)).backup.expired_at
    assert expires.isoformat().startswith("2099-01-31T16:00:00")


def test_storage_usage(cbr: ApiServer):
    backup = cbr.backup(cbr.vault())
    request = ShowStorageUsageRequest(resource_id=backup.resource_id, limit=10, offset=0)
    found = client(cbr).show_storage_usage(request)
    (row,) = found.storage_usage
    assert found.resource_count == 1
    assert row.to_dict() == {
        "resource_id": backup.resource_id,
        "resource_name": "db1",
        "resource_type": "OS::Nova::Server",
        "backup_count": 1,
        "backup_size": 200,
        "backup_size_multiaz": 0,
    }
