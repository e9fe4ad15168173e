"""Resources suspended and migrated, settings of all vaults, one day of expiry, storage usage, locked vaults (contract 5.1)."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from opencbr.model.backup import Backup
from opencbr.model.vault import SERVER, VOLUME, Resource
from opencbr.store import backups, checkpoints, resources, tables, vaults

from .api_server import ApiServer
from .protected_cloud import new_disk_vault, new_server, new_vault, refused, server_ref

NOWHERE = "5a1b2c3d-0000-4000-8000-000000000000"


def bound(cbr: ApiServer, vault: dict[str, Any]) -> dict[str, Any]:
    shown = cbr.call("GET", f"vaults/{vault['id']}").json()["vault"]
    return {one["id"]: one for one in shown["resources"]}


def shown(cbr: ApiServer, path: str) -> Any:
    answer = cbr.call("GET", path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def set_resources(cbr: ApiServer, vault: dict[str, Any], action: str, *ids: str, **more: Any) -> Any:
    body = {"resource_ids": list(ids), "action": action}
    return cbr.call("PUT", f"vaults/{vault['id']}/set-resources", body, **more)


def migrate(cbr: ApiServer, source: dict[str, Any], destination: Any, *ids: str, **more: Any) -> Any:
    to = destination["id"] if isinstance(destination, dict) else destination
    body = {"destination_vault_id": to, "resource_ids": list(ids)}
    return cbr.call("POST", f"vaults/{source['id']}/migrateresources", body, **more)


def expire(cbr: ApiServer, vault_id: str, day: str, zone: str = "UTC", **more: Any) -> Any:
    body = {"expect_expiration_date": day, "time_zone": zone}
    return cbr.call("PUT", f"vaults/{vault_id}/update-backup-expiration-time", body, **more)


def backed_up(cbr: ApiServer, vault_id: str, resource_id: str, **changes: Any) -> Backup:
    """A backup of a bound server, with two disks of 100 MiB each."""
    with cbr.database.read() as conn:
        vault = vaults.get(conn, cbr.project(), vault_id)
    assert vault is not None
    return cbr.backup(vault, resource_id=resource_id, **changes)


def automatic(cbr: ApiServer, backup: Backup) -> Backup:
    """Let a backup's checkpoint be a policy's."""
    info = backup.extend_info | {"auto_trigger": True}
    with cbr.database.write() as conn:
        mine = tables.checkpoint.c.id == backup.checkpoint_id
        conn.execute(update(tables.checkpoint).where(mine).values(auto_trigger=True))
        backups.update(conn, backup.project_id, backup.id, extend_info=info)
    return backup


def checkpoints_of(cbr: ApiServer, vault_id: str) -> list[str]:
    """The ids of the vault's checkpoints."""
    with cbr.database.read() as conn:
        mine = tables.checkpoint.c.vault_id == vault_id
        return [*conn.execute(select(tables.checkpoint.c.id).where(mine)).scalars()]


# suspended resources


def test_a_suspended_resource_says_so_until_it_is_let_in_again(cbr: ApiServer):
    first, second = new_server(cbr), new_server(cbr)
    vault = new_vault(cbr, server_ref(first), server_ref(second))
    for _ in range(2):  # twice is once
        answer = set_resources(cbr, vault, "suspend", first["id"])
        assert (answer.status_code, answer.json()) == (200, {"set_resource_ids": [first["id"]]})
    assert {one: r["auto_protect"] for one, r in bound(cbr, vault).items()} == {
        first["id"]: False,
        second["id"]: True,
    }
    # Trap T12: who restates a binding says nothing of this.
    again = {"resources": [server_ref(first)]}
    assert cbr.call("POST", f"vaults/{vault['id']}/addresources", again).status_code == 200
    assert bound(cbr, vault)[first["id"]]["auto_protect"] is False
    assert set_resources(cbr, vault, "unsuspend", first["id"], second["id"]).status_code == 200
    assert all(one["auto_protect"] for one in bound(cbr, vault).values())


def test_an_automatic_checkpoint_skips_what_is_suspended_and_a_user_s_does_not(cbr: ApiServer):
    first, second = new_server(cbr), new_server(cbr)
    vault = new_vault(cbr, server_ref(first), server_ref(second))
    set_resources(cbr, vault, "suspend", first["id"])

    def ask(**parameters: Any) -> Any:
        body = {"checkpoint": {"vault_id": vault["id"], "parameters": parameters}}
        return cbr.call("POST", "checkpoints", body)

    taken = ask(auto_trigger=True).json()["checkpoint"]["vault"]
    assert [one["id"] for one in taken["resources"]] == [second["id"]]
    (skipped,) = taken["skipped_resources"]
    assert (skipped["id"], skipped["code"]) == (first["id"], "BackupService.6215")
    assert "suspended" in skipped["reason"]
    refused(ask(auto_trigger=True, resources=[first["id"]]), 400, "0001", "suspended")
    assert ask(resources=[first["id"]]).status_code == 200


def test_suspending_is_all_or_nothing_and_refuses_what_it_cannot(cbr: ApiServer):
    server, leaving = new_server(cbr), new_server(cbr)
    vault = new_vault(cbr, server_ref(server), server_ref(leaving))
    refused(set_resources(cbr, vault, "suspend", server["id"], NOWHERE), 400, "6135", NOWHERE)
    refused(set_resources(cbr, vault, "suspend", server["id"], server["id"]), 400, "6104")
    refused(set_resources(cbr, vault, "pause", server["id"]), 400, "9900", "action")
    refused(set_resources(cbr, vault, "suspend"), 400, "9900", "resource_ids")
    refused(set_resources(cbr, vault, "suspend", server["id"], account="other"), 404, "6105")
    with cbr.database.write() as conn:
        resources.set_status(conn, cbr.project(), leaving["id"], "removing")
    refused(set_resources(cbr, vault, "suspend", server["id"], leaving["id"]), 400, "6134")
    assert bound(cbr, vault)[server["id"]]["auto_protect"] is True


# migration


def test_a_migrated_resource_takes_its_backups_along(cbr: ApiServer):
    server, stays = new_server(cbr), new_server(cbr)
    source, destination = new_vault(cbr, server_ref(server), server_ref(stays)), new_vault(cbr)
    moved, held = (
        backed_up(cbr, source["id"], server["id"]),
        backed_up(cbr, source["id"], server["id"], held_at=cbr.clock.now()),
    )
    left = backed_up(cbr, source["id"], stays["id"])
    answer = migrate(cbr, source, destination, server["id"])
    assert (answer.status_code, answer.json()) == (200, {"migrated_resources": [server["id"]]})
    assert bound(cbr, source).keys() == {stays["id"]}
    assert bound(cbr, destination)[server["id"]]["backup_count"] == 1
    used = {
        v["id"]: shown(cbr, f"vaults/{v['id']}")["vault"]["billing"]["used"] for v in (source, destination)
    }
    assert used == {source["id"]: 200, destination["id"]: 400}  # held backups take space too
    backup = shown(cbr, f"backups/{moved.id}")["backup"]
    assert (backup["vault_id"], backup["checkpoint_id"]) == (destination["id"], moved.checkpoint_id)
    assert {child["vault_id"] for child in backup["children"]} == {destination["id"]}
    assert shown(cbr, f"checkpoints/{moved.checkpoint_id}")["checkpoint"]["vault"]["id"] == destination["id"]
    assert shown(cbr, f"checkpoints/{left.checkpoint_id}")["checkpoint"]["vault"]["id"] == source["id"]
    (log,) = shown(cbr, f"operation-logs?resource_id={server['id']}")["operation_logs"]
    assert (log["operation_type"], log["status"], log["vault_id"]) == (
        "migrate_resources",
        "success",
        source["id"],
    )
    assert log["ended_at"] is not None
    assert log["extra_info"]["migrate_resources"]["destination_vault_id"] == destination["id"]
    assert log["extra_info"]["common"]["progress"] == 100
    with cbr.database.read() as conn:
        found = backups.get(conn, cbr.project(), held.id, held=True)
    assert found is not None
    assert found.vault_id == destination["id"]


def test_a_checkpoint_of_which_a_part_has_migrated_outlives_its_vault(cbr: ApiServer):
    server, stays = new_server(cbr), new_server(cbr)
    source, destination = new_vault(cbr, server_ref(server), server_ref(stays)), new_vault(cbr)
    moved = backed_up(cbr, source["id"], server["id"])
    left = backed_up(cbr, source["id"], stays["id"], disks=0, checkpoint_id=moved.checkpoint_id)
    assert migrate(cbr, source, destination, server["id"]).status_code == 200
    path = f"checkpoints/{moved.checkpoint_id}"
    assert shown(cbr, path)["checkpoint"]["vault"]["id"] == source["id"]
    empty = checkpoints_of(cbr, source["id"])
    with cbr.database.write() as conn:
        # What the jobs do that delete the backup and then the vault.
        assert backups.delete(conn, cbr.project(), left.id)
        checkpoints.delete_if_empty(conn, cbr.project(), left.checkpoint_id)
        for row in resources.of_vaults(conn, cbr.project(), [source["id"]])[source["id"]]:
            resources.unbind(conn, cbr.project(), row.id, source["id"])
        for one in empty:
            checkpoints.delete_if_empty(conn, cbr.project(), one)
        assert vaults.dismiss(conn, cbr.project(), source["id"], now=cbr.clock.now())
    refused(cbr.call("GET", f"vaults/{source['id']}"), 404, "6105")
    assert shown(cbr, path)["checkpoint"]["vault"]["id"] == destination["id"]
    assert [one["id"] for one in shown(cbr, f"backups?checkpoint_id={moved.checkpoint_id}")["backups"]] == [
        moved.id
    ]


def test_a_migration_that_cannot_be_is_refused_and_changes_nothing(cbr: ApiServer):
    server, other = new_server(cbr), new_server(cbr)
    source, destination = new_vault(cbr, server_ref(server), server_ref(other)), new_vault(cbr)
    kept = backed_up(cbr, source["id"], server["id"])
    refused(migrate(cbr, source, source, server["id"]), 400, "6118", "another vault")
    refused(migrate(cbr, source, new_disk_vault(cbr), server["id"]), 400, "6102", "disk")
    refused(migrate(cbr, source, NOWHERE, server["id"]), 404, "6105")
    refused(migrate(cbr, source, cbr.vault("other").id, server["id"]), 404, "6105")
    refused(migrate(cbr, source, destination, server["id"], NOWHERE), 400, "6135", NOWHERE)
    refused(migrate(cbr, source, destination, server["id"], server["id"]), 400, "6104")
    refused(migrate(cbr, source, destination), 400, "9900", "resource_ids")
    for name, value in (("status", "deleting"), ("status", "error")):
        refused(migrate(cbr, source, cbr.vault(**{name: value}).id, server["id"]), 400, "6112", value)
    log = cbr.log(resource_id=other["id"])
    refused(migrate(cbr, source, destination, server["id"], other["id"]), 400, "6125", other["id"])
    for status, code in (("protecting", "6125"), ("restoring", "6125"), ("removing", "6134")):
        with cbr.database.write() as conn:
            resources.set_status(conn, cbr.project(), server["id"], status)
        refused(migrate(cbr, source, destination, server["id"]), 400, code, server["id"])
    with cbr.database.write() as conn:
        resources.set_status(conn, cbr.project(), server["id"], "available")
    assert log.status == "running"
    full = cbr.vault(size_gb=10)
    filled = cbr.backup(full)
    with cbr.database.write() as conn:
        backups.update(conn, cbr.project(), filled.id, stored_mb=10 * 1024 - 300)
    refused(migrate(cbr, source, full.id, server["id"]), 400, "6129", "200 MiB", "10 GiB")
    assert bound(cbr, source).keys() == {server["id"], other["id"]}
    assert shown(cbr, f"backups/{kept.id}")["backup"]["vault_id"] == source["id"]


def test_a_vault_takes_no_more_than_256_by_migration(cbr: ApiServer):
    server = new_server(cbr)
    source, full = new_vault(cbr, server_ref(server)), cbr.vault()
    with cbr.database.write() as conn:
        for number in range(256):
            one = Resource(
                vault_id=full.id,
                project_id=full.project_id,
                id=f"{full.id}-{number}",
                type=SERVER,
                name="one",
                created_at=cbr.clock.now(),
            )
            resources.bind(conn, one)
    refused(migrate(cbr, source, full.id, server["id"]), 400, "6100", "256")


def test_of_two_migrations_of_one_resource_at_once_one_wins(cbr: ApiServer):
    server = new_server(cbr)
    source, *others = new_vault(cbr, server_ref(server)), *(new_vault(cbr) for _ in range(4))
    backup = backed_up(cbr, source["id"], server["id"])
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda to: migrate(cbr, source, to, server["id"]), others))
    assert sorted(one.status_code for one in answers) == [200, 400, 400, 400]
    assert {one.json()["error_code"] for one in answers if one.status_code == 400} == {"BackupService.6135"}
    (winner,) = [to for to, answer in zip(others, answers, strict=True) if answer.status_code == 200]
    assert bound(cbr, winner).keys() == {server["id"]}
    assert shown(cbr, f"backups/{backup.id}")["backup"]["vault_id"] == winner["id"]


def test_migrations_in_opposite_directions_at_once_both_end(cbr: ApiServer):
    first, second = new_server(cbr), new_server(cbr)
    one, two = new_vault(cbr, server_ref(first)), new_vault(cbr, server_ref(second))
    with ThreadPoolExecutor(2) as pool:
        answers = [
            pool.submit(migrate, cbr, one, two, first["id"]),
            pool.submit(migrate, cbr, two, one, second["id"]),
        ]
    assert [answer.result().status_code for answer in answers] == [200, 200]
    assert bound(cbr, one).keys() == {second["id"]}
    assert bound(cbr, two).keys() == {first["id"]}


# all vaults at once


def test_settings_of_all_vaults_change_at_once_and_of_no_other_project(cbr: ApiServer):
    mine, going, foreign = cbr.vault(), cbr.vault(status="deleting"), cbr.vault("other")
    path, body = "vaults/batch-update", {"vault": {"threshold": 55, "smn_notify": False}}
    before = {one["id"] for one in shown(cbr, "vaults")["vaults"] if one["billing"]["status"] != "deleting"}
    answer = cbr.call("PUT", path, body)
    assert answer.status_code == 200, answer.text
    assert set(answer.json()["updated_vaults_id"]) == before
    assert mine.id in before
    seen = shown(cbr, f"vaults/{mine.id}")["vault"]
    assert (seen["threshold"], seen["smn_notify"], seen["name"]) == (55, False, "vault-1")
    assert cbr.call("PUT", path, {"vault": {"threshold": 60}}).status_code == 200
    seen = shown(cbr, f"vaults/{mine.id}")["vault"]
    assert (seen["threshold"], seen["smn_notify"]) == (60, False)
    with cbr.database.read() as conn:
        untouched = [vaults.get(conn, one.project_id, one.id) for one in (going, foreign)]
    assert untouched == [going, foreign]


def test_a_change_of_all_vaults_that_changes_nothing_is_refused(cbr: ApiServer):
    path = "vaults/batch-update"
    refused(cbr.call("PUT", path, {"vault": {}}), 400, "9900", "threshold")
    refused(cbr.call("PUT", path, {}), 400, "9900", "vault")
    for name, value in (("threshold", 0), ("threshold", 101), ("threshold", "80"), ("smn_notify", "yes")):
        refused(cbr.call("PUT", path, {"vault": {name: value}}), 400, "9900", name)


# one day of expiry


def test_all_backups_of_a_vault_expire_when_the_day_ends_in_the_zone(cbr: ApiServer):
    vault = cbr.vault()
    first, failed = cbr.backup(vault), cbr.backup(vault, status="error")
    running, elsewhere = cbr.backup(vault, status="protecting"), cbr.backup(cbr.vault())
    answer = expire(cbr, vault.id, "2099-01-31", "UTC+08:00")
    assert answer.status_code == 200, answer.text
    done = answer.json()
    assert (done["affected_backups_count"], done["new_expiration_day"]) == (2, "2099-01-31")
    for one in (first, failed):
        backup = shown(cbr, f"backups/{one.id}")["backup"]
        expired = {backup["expired_at"], *(child["expired_at"] for child in backup["children"])}
        assert expired == {"2099-01-31T16:00:00.000000"}
    for one in (running, elsewhere):
        assert shown(cbr, f"backups/{one.id}")["backup"]["expired_at"] is None
    log = shown(cbr, f"operation-logs/{done['operation_log_id']}")["operation_log"]
    assert (log["operation_type"], log["status"], log["vault_id"]) == (
        "update_expiration_time",
        "success",
        vault.id,
    )
    assert log["extra_info"]["update_expiration_time"] == {
        "affected_backups_count": 2,
        "expiration_day": "2099-01-31",
    }
    assert expire(cbr, vault.id, "2099-01-31", "UTC-03:30").status_code == 200
    assert shown(cbr, f"backups/{first.id}")["backup"]["expired_at"] == "2099-02-01T03:30:00.000000"


@pytest.mark.parametrize(
    ("day", "zone", "word"),
    [
        ("2019-01-01", "UTC", "has ended"),
        ("9999-12-31", "UTC", "earlier day"),
        ("2099W0101X", "UTC", "like 2027-01-31"),
        ("2099-02-30", "UTC", "expect_expiration_date"),
        ("31.01.2099", "UTC", "expect_expiration_date"),
        ("2099-01-31", "Europe/Berlin", "UTC+08:00"),
        ("2099-01-31", "UTC+8", "UTC+08:00"),
        ("2099-01-31", "UTC+14:01", "14 hours"),
        ("2099-01-31", "UTC+08:60", "UTC+08:00"),
        ("2099-01-31", "", "UTC+08:00"),
    ],
)
def test_a_day_or_zone_that_is_none_is_refused(cbr: ApiServer, day, zone, word):
    vault = cbr.vault()
    backup = cbr.backup(vault)
    refused(expire(cbr, vault.id, day, zone), 400, "9900", word)
    assert shown(cbr, f"backups/{backup.id}")["backup"]["expired_at"] is None


def test_today_can_be_the_last_day(cbr: ApiServer):
    vault = cbr.vault()
    cbr.backup(vault)
    today = cbr.clock.now().astimezone(UTC).date()
    answer = expire(cbr, vault.id, today.isoformat())
    assert answer.status_code == 200 or cbr.clock.now().date() != today  # midnight has come meanwhile
    refused(expire(cbr, vault.id, (today - timedelta(days=1)).isoformat()), 400, "9900", "later day")


def test_the_day_is_the_vault_s_project_s_alone(cbr: ApiServer):
    vault = cbr.vault()
    refused(expire(cbr, vault.id, "2099-01-31", account="other"), 404, "6105")
    refused(expire(cbr, cbr.vault(status="deleting").id, "2099-01-31"), 400, "6112")


# storage usage


def test_each_resource_with_backups_has_a_row(cbr: ApiServer):
    vault = cbr.vault()
    server, disk = cbr.backup(vault), cbr.backup(vault, disks=0, stored_mb=30)
    cbr.backup(vault, resource_id=server.resource_id, resource_name="renamed")
    query = f"storage_usage?resource_id={server.resource_id}&resource_id={disk.resource_id}"
    found = shown(cbr, query)
    assert found["resource_count"] == 2
    assert {one["resource_id"]: one for one in found["storage_usage"]} == {
        server.resource_id: {
            "resource_id": server.resource_id,
            "resource_name": "renamed",
            "resource_type": SERVER,
            "backup_count": 2,
            "backup_size": 400,
            "backup_size_multiaz": 0,
        },
        disk.resource_id: {
            "resource_id": disk.resource_id,
            "resource_name": "db1",
            "resource_type": VOLUME,
            "backup_count": 1,
            "backup_size": 30,
            "backup_size_multiaz": 0,
        },
    }
    assert shown(cbr, f"{query}&resource_type={VOLUME}")["resource_count"] == 1
    assert shown(cbr, f"{query}&resource_type=OS::Ironic::BareMetalServer")["storage_usage"] == []
    foreign = cbr.call("GET", query, account="other").json()
    assert foreign == {"resource_count": 0, "storage_usage": []}


def test_storage_usage_has_pages(cbr: ApiServer):
    vault = cbr.vault()
    ids = sorted(cbr.backup(vault).resource_id for _ in range(3))
    query = "storage_usage?" + "&".join(f"resource_id={one}" for one in ids)

    def page(more: str) -> list[str]:
        found = shown(cbr, query + more)
        assert found["resource_count"] == 3  # of all that match (contract 2, rule 2)
        return [one["resource_id"] for one in found["storage_usage"]]

    assert page("&limit=2") == ids[:2]
    assert page("&limit=2&offset=2") == ids[2:]
    # Trap T10.
    assert page("&offset=9") == []
    assert page(f"&limit=1&marker={ids[0]}") == ids[1:2]
    assert page(f"&marker={ids[2]}") == []
    refused(cbr.call("GET", f"storage_usage?marker={NOWHERE}"), 400, "9900", "marker")
    refused(cbr.call("GET", "storage_usage?limit=0"), 400, "9900", "limit")


# locked vaults


def test_a_locked_vault_stays_while_it_has_automatic_backups(cbr: ApiServer):
    vault = cbr.vault(locked=True)
    cbr.backup(vault)
    kept = automatic(cbr, cbr.backup(vault))
    refused(cbr.call("DELETE", f"vaults/{vault.id}"), 400, "6110", "locked")
    refused(cbr.call("DELETE", f"backups/{kept.id}"), 400, "6220")
    with cbr.database.write() as conn:
        passed = cbr.clock.now() - timedelta(seconds=1)
        backups.update(conn, cbr.project(), kept.id, expired_at=passed)
    assert cbr.call("DELETE", f"vaults/{vault.id}").status_code == 204
    manual = cbr.vault(locked=True)
    cbr.backup(manual)
    for one in (manual, cbr.vault(locked=True)):
        assert cbr.call("DELETE", f"vaults/{one.id}").status_code == 204


def test_a_locked_vault_gives_nothing_away_and_takes(cbr: ApiServer):
    server, other = new_server(cbr), new_server(cbr)
    locked = new_vault(cbr, server_ref(server), locked=True)
    open_ = new_vault(cbr, server_ref(other))
    refused(migrate(cbr, locked, open_, server["id"]), 400, "6110", "locked")
    path = f"vaults/{locked['id']}"
    refused(cbr.call("POST", f"{path}/removeresources", {"resource_ids": [server["id"]]}), 400, "6110")
    assert migrate(cbr, open_, locked, other["id"]).status_code == 200
    refused(migrate(cbr, locked, open_, other["id"]), 400, "6110")
    assert set_resources(cbr, locked, "suspend", server["id"]).status_code == 200


def test_in_a_locked_vault_no_automatic_backup_expires_earlier(cbr: ApiServer):
    vault = cbr.vault(locked=True)
    cbr.backup(vault)
    kept = automatic(cbr, cbr.backup(vault, expired_at=datetime(2099, 6, 1, tzinfo=UTC)))
    refused(expire(cbr, vault.id, "2099-05-30"), 400, "6110", "2099-05-30")
    assert expire(cbr, vault.id, "2099-06-01").json()["affected_backups_count"] == 2
    assert shown(cbr, f"backups/{kept.id}")["backup"]["expired_at"] == "2099-06-02T00:00:00.000000"
    forever = automatic(cbr, cbr.backup(vault))
    refused(expire(cbr, vault.id, "2199-01-01"), 400, "6110")
    assert shown(cbr, f"backups/{forever.id}")["backup"]["expired_at"] is None


def test_of_two_that_change_one_vault_at_once_the_later_counts(cbr: ApiServer):
    vault = cbr.vault()
    backup = cbr.backup(vault)
    days = [f"2099-01-{number:02}" for number in range(1, 5)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda day: expire(cbr, vault.id, day), days))
    assert [one.status_code for one in answers] == [200] * 4
    seen = shown(cbr, f"backups/{backup.id}")["backup"]
    everywhere = {seen["expired_at"], *(child["expired_at"] for child in seen["children"])}
    assert len(everywhere) == 1, "two changes have met in one backup"


def test_a_backup_s_own_row_stays_as_it_was_but_for_the_vault(cbr: ApiServer):
    server = new_server(cbr)
    source, destination = new_vault(cbr, server_ref(server)), new_vault(cbr)
    backup = backed_up(cbr, source["id"], server["id"])
    with cbr.database.read() as conn:
        before = backups.get(conn, cbr.project(), backup.id)
    assert migrate(cbr, source, destination, server["id"]).status_code == 200
    with cbr.database.read() as conn:
        after = backups.get(conn, cbr.project(), backup.id)
    assert before is not None
    assert after is not None
    assert after == replace(before, vault_id=destination["id"], updated_at=after.updated_at)
