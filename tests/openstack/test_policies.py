"""Policies on a cloud, fired by the clock: backups, cleaned up after, and drills; tags, expiry; by SDK and `openstack cbr`."""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from huaweicloudsdkcbr import v1
from made_things import things
from openstack_client import openstack_client

from sdk.installation import eventually
from support.full_stack import TYPES, FullStack

pytestmark = pytest.mark.thorough

Json = dict[str, Any]

KEPT = 1
"""Automatic backups that the policy keeps."""


@pytest.fixture(scope="module", name="settings")
def _settings() -> str:
    return "worker.expiry_seconds = 2\nworker.bind_seconds = 2\nworker.full_backup_interval = 1\n"


def test_a_policy_fires_by_the_clock_and_keeps_the_newest(stack: FullStack):
    objects, sdk, cbr = stack.cloud_objects, stack.installation.client(), openstack_client(stack)
    disk = objects.volume("nightly", bootable=True)
    server = objects.server("nightly", volumes=[disk], ports=[objects.port("nightly")])
    with stack.protected(server) as vault:
        due = (datetime.now(UTC) + timedelta(hours=2)).replace(second=0, microsecond=0)
        policy = made(sdk, pattern(due))
        try:
            bind = v1.VaultAssociate(policy_id=policy)
            sdk.associate_vault_policy(v1.AssociateVaultPolicyRequest(vault_id=vault["id"], body=bind))
            assert stack.member.call("POST", f"policies/{policy}/run").status_code == 202
            (older,) = automatic(stack, sdk, vault["id"])

            due = soon()
            told = v1.PolicyTriggerReq(properties=v1.PolicyTriggerPropertiesReq(pattern=[pattern(due)]))
            request = v1.UpdatePolicyRequest(policy, v1.PolicyUpdateReq(policy=v1.PolicyUpdate(trigger=told)))
            assert sdk.update_policy(request).policy.trigger.properties.pattern == [pattern(due)]

            run = fired(stack, policy)
            assert run["due_at"].startswith(due.strftime("%Y-%m-%dT%H:%M:00"))
            newer = run["backup_id"]
            eventually(lambda: ids(sdk, vault["id"]) == [newer], "the older one has gone", 300)
            as_the_sdk_sees_it(sdk, policy, server, older=older, newer=newer)
            as_the_client_sees_it(cbr, policy, vault["id"], newer)
            disks = stack.member.get(f"backups/{newer}")["backup"]["children"]
            gone = {stack.prefix + child["id"] for child in disks}
            eventually(
                lambda: stack.upstream("backups").keys() == gone, "Cinder has the newer one alone", 300
            )
            assert stack.upstream("snapshots") == {}
        finally:
            assert sdk.delete_policy(v1.DeletePolicyRequest(policy_id=policy)).status_code == 204
        assert ids(sdk, vault["id"]) == [newer], "without its policy a backup stays"


def test_a_policy_of_drills_fires_by_the_clock_and_tries_the_newest_backup(stack: FullStack):
    objects, sdk = stack.cloud_objects, stack.installation.client()
    disk = objects.volume("weekly", bootable=True)
    server = objects.server("weekly", volumes=[disk], ports=[objects.port("weekly")])
    with stack.protected(server) as vault:
        older, newest = (stack.back_up(vault, name)["id"] for name in ("older", "newest"))
        was, due = things(stack.tenant), soon()
        policy = made_of_drills(stack, pattern(due))
        try:
            bind = v1.VaultAssociate(policy_id=policy)
            sdk.associate_vault_policy(v1.AssociateVaultPolicyRequest(vault_id=vault["id"], body=bind))
            run = fired(stack, policy)
            assert run["due_at"].startswith(due.strftime("%Y-%m-%dT%H:%M:00"))
            assert (run["operation_type"], run["backup_id"], run["attempts"]) == ("drill", newest, 1)
            what_it_tried(stack, policy, run, of=older)
            log = sdk.show_op_log(v1.ShowOpLogRequest(operation_log_id=run["operation_log_id"])).operation_log
            assert (log.operation_type, log.status, log.policy_id) == ("drill", "success", policy)
            assert log.vault_id == vault["id"]
            assert things(stack.tenant) == was
            disks = stack.member.get(f"backups/{newest}")["backup"]["children"]
            disks += stack.member.get(f"backups/{older}")["backup"]["children"]
            assert stack.upstream("backups").keys() == {stack.prefix + child["id"] for child in disks}
            assert stack.upstream("snapshots") == {}
        finally:
            assert sdk.delete_policy(v1.DeletePolicyRequest(policy_id=policy)).status_code == 204
        assert sorted(ids(sdk, vault["id"])) == sorted([older, newest]), "a policy of drills removes none"


def what_it_tried(stack: FullStack, policy: str, run: Json, *, of: str) -> None:
    """The drill of a run has come up, and its backup counts as restore-tested; the older one, `of`, does not."""
    drill = stack.member.get(f"drills/{run['operation_log_id']}")["drill"]
    assert (drill["verdict"], drill["backup_id"]) == ("unchecked", run["backup_id"]), drill["reason"]
    assert drill["findings"]
    assert all(one["held"] for one in drill["findings"]), drill["findings"]
    listed = stack.member.get(f"drills?policy_id={policy}")["drills"]
    assert [row["id"] for row in listed] == [drill["id"]]
    tested = stack.member.get(f"backups/{run['backup_id']}")["backup"]["extend_info"]["restore_tested"]
    assert (tested["drill_id"], tested["verdict"]) == (drill["id"], "unchecked")
    assert not stack.member.get(f"backups/{of}")["backup"]["extend_info"].get("restore_tested")
    [fresh] = stack.member.get(f"freshness/resources?resource_id={drill['resource_id']}")["resources"]
    assert fresh["newest_restore_tested"]["backup_id"] == run["backup_id"]
    assert fresh["newest_restore_tested"]["drill_id"] == drill["id"]


def soon() -> datetime:
    """Return the next minute that is far enough away to be told to a policy."""
    return (datetime.now(UTC) + timedelta(seconds=70)).replace(second=0, microsecond=0)


def fired(stack: FullStack, policy: str) -> Json:
    """Wait until a policy has fired by the clock, and its run has ended well; the run."""

    def ended() -> Json | None:
        rows: list[Json] = stack.member.get(f"policies/{policy}/runs")["runs"]
        row = next((row for row in rows if row["trigger"] == "schedule"), None)
        assert row is None or row["status"] in {"waiting", "running", "success"}, row
        return row if row and row["status"] == "success" else None

    return eventually(ended, "the policy has fired, and its run has ended", 900)


def pattern(due: datetime) -> str:
    return f"FREQ=DAILY;INTERVAL=1;BYHOUR={due:%H};BYMINUTE={due:%M}"


def made(sdk: Any, text: str) -> str:
    """Create a policy by the SDK; its id."""
    trigger = v1.PolicyTriggerReq(properties=v1.PolicyTriggerPropertiesReq(pattern=[text]))
    kept = v1.PolicyoODCreate(max_backups=KEPT)
    wanted = v1.PolicyCreate(
        name="opencbr-test", operation_type="backup", operation_definition=kept, trigger=trigger
    )
    answer = sdk.create_policy(v1.CreatePolicyRequest(body=v1.PolicyCreateReq(policy=wanted)))
    return str(answer.policy.id)


def made_of_drills(stack: FullStack, text: str) -> str:
    """Create a policy of drills, for whose definition the SDK has no member; its id."""
    definition, trigger = {"drill_sample": 2}, {"properties": {"pattern": [text]}}
    wanted = {"name": "opencbr-test-drills", "operation_type": "drill"}
    body = {"policy": wanted | {"operation_definition": definition, "trigger": trigger}}
    answer = stack.member.call("POST", "policies", body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["policy"]["id"])


def ids(sdk: Any, vault: str) -> list[str]:
    return [one.id for one in sdk.list_backups(v1.ListBackupsRequest(vault_id=vault)).backups]


def automatic(stack: FullStack, sdk: Any, vault: str) -> list[str]:
    """Wait until a vault has a backup and all it has are available; their ids."""

    def done() -> list[str]:
        rows = sdk.list_backups(v1.ListBackupsRequest(vault_id=vault)).backups
        assert {one.status for one in rows} <= {"waiting_protect", "protecting", "available"}, (
            stack.member.get("operation-logs")
        )
        return [one.id for one in rows] if {one.status for one in rows} == {"available"} else []

    return eventually(done, "the run that was asked for has ended", 600)


def as_the_sdk_sees_it(sdk: Any, policy: str, server: str, *, older: str, newer: str) -> None:
    """Metadata and operation logs: two backups and a deletion of the policy's."""
    backup = sdk.show_backup(v1.ShowBackupRequest(backup_id=newer)).backup
    assert (backup.status, backup.resource_id, backup.extend_info.auto_trigger) == ("available", server, True)
    assert backup.name.startswith("autobk_")
    shown = sdk.show_metadata(v1.ShowMetadataRequest(backup_id=newer))
    assert json.loads(shown.server)["server"]["id"] == server
    logs = sdk.list_op_logs(v1.ListOpLogsRequest(resource_id=server)).operation_logs
    mine = {(log.operation_type, log.status) for log in logs if log.policy_id == policy}
    assert mine == {("backup", "success"), ("delete", "success")}
    (deletion,) = [log for log in logs if log.operation_type == "delete"]
    assert deletion.extra_info.delete.backup_id == older
    assert sdk.show_op_log(v1.ShowOpLogRequest(operation_log_id=deletion.id)).operation_log.id == deletion.id


def as_the_client_sees_it(cbr: Any, policy: str, vault: str, backup: str) -> None:
    """`openstack cbr`: the policy, its vault, what is in it, and the tasks."""

    def shown(*words: str) -> Any:
        return json.loads(cbr(*words, "-f", "json"))

    assert policy in {row["ID"] for row in shown("policy", "list", "--vault-id", vault)}
    assert [row["ID"] for row in shown("vault", "list", "--policy-id", policy)] == [vault]
    assert [row["id"] for row in shown("backup", "list", "--vault-id", vault)] == [backup]
    found = shown("backup", "show", backup)
    assert (found["status"], shown("checkpoint", "show", found["checkpoint_id"])["id"]) == (
        "available",
        found["checkpoint_id"],
    )
    tasks = {(row["operation_type"], row["checkpoint_id"]) for row in shown("task", "list")}
    assert ("backup", found["checkpoint_id"]) in tasks
    cbr("vault", "unbind", vault, policy)
    assert shown("policy", "list", "--vault-id", vault) == []
    cbr("vault", "bind", vault, policy)


def test_a_disk_is_bound_by_its_tag_and_its_backup_goes_when_its_time_has_come(stack: FullStack):
    objects, sdk = stack.cloud_objects, stack.installation.client()
    rules = {"tags": [{"key": "opencbr-test", "value": objects.prefix}]}
    with stack.protected(kind="disk") as vault:
        id_ = vault["id"]
        by_rule = v1.VaultBindRules(tags=[v1.BindRulesTags(**tag) for tag in rules["tags"]])
        change = v1.VaultUpdateReq(vault=v1.VaultUpdate(auto_bind=True, bind_rules=by_rule))
        sdk.update_vault(v1.UpdateVaultRequest(vault_id=id_, body=change))
        tags = [v1.BulkCreateAndDeleteTags(key="stage", value="test")]
        body = v1.BulkCreateAndDeleteVaultTagsReq(tags=tags, action="create")
        sdk.batch_create_and_delete_vault_tags(
            v1.BatchCreateAndDeleteVaultTagsRequest(vault_id=id_, body=body)
        )
        wanted = v1.VaultResourceInstancesReq(
            action="filter", tags=[v1.TagsReq(key="stage", values=["test"])]
        )
        found = sdk.show_vault_resource_instances(v1.ShowVaultResourceInstancesRequest(body=wanted)).resources
        assert [row.resource_id for row in found] == [id_]

        disk = objects.volume("by-tag", metadata={"opencbr-test": objects.prefix})

        def bound() -> bool:
            held = sdk.show_vault(v1.ShowVaultRequest(vault_id=id_)).vault.resources
            return [(one.id, one.type) for one in held] == [(disk, TYPES["disk"])]

        eventually(bound, "the disk is bound by its tag", 120)
        parameters = {"name": "for-a-day", "retention_duration_days": 1}
        answer = stack.member.call(
            "POST", "checkpoints", {"checkpoint": {"vault_id": id_, "parameters": parameters}}
        )
        assert answer.status_code == 200, answer.text
        (backup,) = automatic(stack, sdk, id_)
        until = datetime.fromisoformat(stack.member.get(f"backups/{backup}")["backup"]["expired_at"])
        assert timedelta(hours=23) < until - datetime.now(UTC).replace(tzinfo=None) <= timedelta(days=1)
        a_day_later(stack, backup)
        eventually(lambda: ids(sdk, id_) == [], "the backup has expired", 300)
        eventually(lambda: stack.upstream("backups") == {}, "Cinder has it no more", 300)


def a_day_later(stack: FullStack, backup: str) -> None:
    """Move the end of a backup to now: nobody waits a day here."""
    with closing(sqlite3.connect(stack.folder / "opencbr.db", timeout=30)) as database, database:
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
        changed = database.execute("UPDATE backup SET expired_at = ? WHERE id = ?", (now, backup))
        assert changed.rowcount == 1


def test_nothing_is_left(stack: FullStack):
    listed = stack.opencbr("orphans", "list", "--json")
    assert listed.returncode == 0, listed.stderr
    assert json.loads(listed.stdout) == {"orphans": [], "missing": [], "unneeded": []}
