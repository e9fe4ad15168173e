"""Policies and which vault has which, as rows."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from opencbr.model.lists import Page, PolicyFilter, VaultFilter
from opencbr.model.policy import Policy
from opencbr.store import policies, tables, vault_policies, vaults
from store.samples import NOW, OTHER, PROJECT, ident, keep, kept_vault, vault
from store.samples import backup as backup_of


def policy(**fields) -> Policy:
    given = {"id": ident(), "project_id": PROJECT, "name": "p", "trigger_id": ident()}
    given |= {"patterns": ("FREQ=DAILY;BYHOUR=1;BYMINUTE=0",), "created_at": NOW, "updated_at": NOW}
    return Policy(**{**given, **fields})


def kept(conn, **fields) -> Policy:
    made = policy(**fields)
    policies.insert(conn, made)
    return made


def test_a_policy_is_read_as_it_was_written(database):
    made = policy(
        patterns=("FREQ=WEEKLY;BYDAY=MO;BYHOUR=07;BYMINUTE=00;", "文"),
        time_zone="Europe/Berlin",
        start_window_minutes=60,
        definition={"max_backups": 3, "timezone": "UTC+08:00"},
        next_fire_at=NOW + timedelta(days=1),
        enabled=False,
    )
    with database.write() as conn:
        policies.insert(conn, made)
        assert policies.get(conn, PROJECT, made.id, lock=True) == made
        assert policies.update(conn, PROJECT, made.id, patterns=("x",), next_fire_at=None)
        changed = policies.get(conn, PROJECT, made.id)
        assert (changed.patterns, changed.next_fire_at, changed.definition) == (("x",), None, made.definition)


def test_another_projects_policy_is_neither_read_nor_changed(database):
    with database.write() as conn:
        foreign, home = kept(conn, project_id=OTHER), vault(project_id=OTHER)
        vaults.insert(conn, home)
        vault_policies.bind(conn, home.id, foreign)
        assert policies.get(conn, PROJECT, foreign.id) is None
        assert policies.list(conn, PROJECT, PolicyFilter(), Page(10)).count == 0
        assert policies.list(conn, PROJECT, PolicyFilter(vault_ids=(home.id,)), Page(10)).count == 0
        assert vaults.list(conn, PROJECT, VaultFilter(policy_ids=(foreign.id,)), Page(10)).count == 0
        assert policies.count_alone(conn, PROJECT, "backup") == 0
        assert not policies.update(conn, PROJECT, foreign.id, name="mine")
        assert not policies.delete(conn, PROJECT, foreign.id)
        assert not vault_policies.unbind(conn, PROJECT, home.id)
        assert vault_policies.policy_of(conn, PROJECT, home.id, "backup") is None
        assert vault_policies.vaults_of(conn, PROJECT, [foreign.id]) == {foreign.id: ()}
        assert policies.get(conn, OTHER, foreign.id) == foreign


def test_a_vault_has_one_policy_of_a_type(database):
    with database.write() as conn:
        home, first, second = vault(), kept(conn), kept(conn)
        vaults.insert(conn, home)
        for one in (first, first, second):
            vault_policies.bind(conn, home.id, one)
        assert vault_policies.policy_of(conn, PROJECT, home.id, "backup") == second.id
        assert vault_policies.vaults_of(conn, PROJECT, [first.id, second.id]) == {
            first.id: (),
            second.id: (home.id,),
        }
        assert not vault_policies.unbind(conn, PROJECT, home.id, first.id)
        assert vault_policies.unbind(conn, PROJECT, home.id, second.id)


@pytest.mark.parametrize("ends", ["policy", "vault", "vault with held backups"])
def test_bindings_go_with_either_side(database, ends):
    with database.write() as conn:
        home, point = kept_vault(conn)
        made = kept(conn)
        vault_policies.bind(conn, home.id, made)
        if ends == "policy":
            assert policies.delete(conn, PROJECT, made.id)
        else:
            if ends == "vault":
                conn.execute(tables.checkpoint.delete())
            else:
                keep(conn, backup_of(point, held_at=NOW))
            assert vaults.dismiss(conn, PROJECT, home.id, now=NOW)
            assert policies.get(conn, PROJECT, made.id) == made
        assert conn.execute(select(tables.vault_policy)).all() == []


def test_a_locked_vault_is_told(database):
    with database.write() as conn:
        open_one, locked, made = vault(), vault(locked=True), kept(conn)
        for one in (open_one, locked):
            vaults.insert(conn, one)
        vault_policies.bind(conn, open_one.id, made)
        assert vault_policies.locked_vault_of(conn, PROJECT, made.id) is None
        vault_policies.bind(conn, locked.id, made)
        assert vault_policies.locked_vault_of(conn, PROJECT, made.id) == locked.id


def test_lists_are_filtered_and_counted(database):
    with database.write() as conn:
        home = vault()
        vaults.insert(conn, home)
        made = [kept(conn, name=f"p{n}", created_at=NOW + timedelta(seconds=n)) for n in range(3)]
        vault_policies.bind(conn, home.id, made[1])
        listing = policies.list(conn, PROJECT, PolicyFilter(), Page(2))
        assert (listing.items, listing.count) == ([made[2], made[1]], 3)
        found = policies.list(conn, PROJECT, PolicyFilter(vault_ids=(home.id, ident())), Page(2))
        assert (found.items, found.count) == ([made[1]], 1)
        assert (
            policies.list(conn, PROJECT, PolicyFilter(operation_types=("replication",)), Page(2)).count == 0
        )
        assert [
            v.id for v in vaults.list(conn, PROJECT, VaultFilter(policy_ids=(made[1].id,)), Page(2)).items
        ] == [home.id]
