"""How SQLite answers a list: which index gives the page, and that the count comes from an index alone."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from opencbr.model.backup import Backup
from opencbr.model.checkpoint import Checkpoint
from opencbr.model.ids import new_id
from opencbr.model.lists import (
    BackupFilter,
    DrillFilter,
    FreshnessFilter,
    OperationLogFilter,
    Page,
    PolicyFilter,
    PolicyRunFilter,
    TagFilter,
    VaultFilter,
)
from opencbr.model.operation_log import OperationLog
from opencbr.model.vault import PROVIDER_ID, SERVER, Vault
from opencbr.store import (
    backups,
    checkpoints,
    disk_backups,
    drills,
    freshness,
    notices,
    operation_logs,
    policies,
    policy_runs,
    retention,
    vault_backups,
    vaults,
)
from opencbr.store.database import Database
from support.whole_reads import read_whole, whole_reads

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PROJECT = "0123456789abcdef0123456789abcdef"
ROWS = 40


@pytest.fixture(scope="module", name="filled")
def _filled(tmp_path_factory):
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('plans') / 'opencbr.db'}")
    database.upgrade()
    one = new_id(NOW)
    with database.write() as conn:
        vaults.insert(
            conn, Vault(id=one, project_id=PROJECT, user_id="u", name="v", created_at=NOW, updated_at=NOW)
        )
        checkpoints.insert(
            conn,
            Checkpoint(id=one, project_id=PROJECT, vault_id=one, user_id="u", name="c", created_at=NOW),
        )
        for number in range(ROWS):
            at = NOW + timedelta(seconds=number)
            backups.insert(
                conn,
                Backup(
                    id=new_id(at),
                    project_id=PROJECT,
                    checkpoint_id=one,
                    vault_id=one,
                    provider_id=PROVIDER_ID["server"],
                    name=f"n{number % 3}",
                    resource_id="r",
                    resource_name="r",
                    resource_type=SERVER,
                    status="available" if number % 4 else "error",
                    created_at=at,
                    updated_at=at,
                ),
            )
            operation_logs.insert(
                conn,
                OperationLog(
                    id=new_id(at), project_id=PROJECT, operation_type="backup", created_at=at, updated_at=at
                ),
            )
    yield database
    database.dispose()


def plans(database, ask):
    """The plan of each statement that `ask` sends."""
    sent = []
    with database.read() as conn:
        event.listen(conn, "before_cursor_execute", lambda *args: sent.append((args[2], args[3])))
        listing = ask(conn)
        asked = [one for one in sent if one[0].startswith(("SELECT", "UPDATE", "DELETE"))]
        found = [
            [row[-1] for row in conn.exec_driver_sql("EXPLAIN QUERY PLAN " + statement, parameters)]
            for statement, parameters in asked
        ]
    return listing, found


@pytest.mark.parametrize(
    ("wanted", "page", "count"),
    [
        (BackupFilter(), "ix_backup_list", "ix_backup_count"),
        (BackupFilter(statuses=("available",)), None, "ix_backup_count"),
        (BackupFilter(statuses=("available", "error")), None, "ix_backup_count"),
        (BackupFilter(names=("n1",)), "ix_backup_name", "ix_backup_name"),
        (BackupFilter(vault_ids=("v",)), "ix_backup_vault", None),
        (BackupFilter(resource_ids=("r",)), "ix_backup_resource", "ix_backup_resource"),
        (BackupFilter(resource_names=("r",)), "ix_backup_resource_name", "ix_backup_resource_name"),
        (BackupFilter(resource_types=("t",)), None, "ix_backup_usage"),
        (BackupFilter(resource_azs=("z",)), None, "ix_backup_usage"),
        (BackupFilter(image_types=("backup",)), None, "ix_backup_usage"),
        (BackupFilter(incremental=True), None, "ix_backup_usage"),
        (BackupFilter(created_from=NOW), "ix_backup_list", "ix_backup_list"),
    ],
)
def test_a_page_and_its_count(filled, wanted, page, count):
    _, (rows, counted) = plans(filled, lambda conn: backups.list(conn, PROJECT, wanted, Page(5, 2)))
    assert all("COVERING INDEX" in step for step in counted), counted
    if count is not None:
        assert f"INDEX {count} " in counted[0], counted
    if page is not None:
        assert len(rows) == 1, rows  # nothing is sorted
        assert f"USING INDEX {page} " in rows[0]


def test_those_of_a_checkpoint_are_searched_by_it(filled):
    wanted = BackupFilter(checkpoint_ids=("c",))
    _, found = plans(filled, lambda conn: backups.list(conn, PROJECT, wanted, Page(5, 2)))
    _, of_one = plans(filled, lambda conn: backups.of_checkpoint(conn, PROJECT, "c"))
    for plan in (*found, *of_one):
        assert "INDEX ix_backup_checkpoint (checkpoint_id=? AND project_id=?)" in plan[0], plan


@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_sorting_by_name_reads_an_index_in_order(filled, direction):
    page = Page(5, sort=(("name", direction),))
    listing, (rows, _) = plans(filled, lambda conn: backups.list(conn, PROJECT, BackupFilter(), page))
    assert "USING INDEX ix_backup_name " in rows[0], rows
    # Equal names are put into the order of their ids; the names themselves come in order.
    assert rows[1:] == ["USE TEMP B-TREE FOR RIGHT PART OF ORDER BY"]
    assert {item.name for item in listing.items} == {"n0" if direction == "asc" else "n2"}
    assert listing.count == ROWS


def test_operation_logs_are_counted_from_a_small_index(filled):
    _, (_, counted) = plans(
        filled, lambda conn: operation_logs.list(conn, PROJECT, OperationLogFilter(), Page(5))
    )
    assert "COVERING INDEX ix_operation_log_count " in counted[0], counted


def test_a_page_of_drills_is_not_sorted(filled):
    _, (rows,) = plans(filled, lambda conn: drills.list(conn, PROJECT, DrillFilter(), Page(5)))
    assert len(rows) == 1, rows
    assert "USING INDEX ix_drill_list " in rows[0], rows


def test_a_page_of_policies_is_not_sorted(filled):
    _, (rows,) = plans(filled, lambda conn: policies.list(conn, PROJECT, PolicyFilter(), Page(5)))
    assert len(rows) == 1, rows
    assert "USING INDEX ix_policy_list " in rows[0], rows


def test_a_page_of_the_runs_of_a_policy_is_not_sorted_and_what_is_open_has_an_index(filled):
    wanted = PolicyRunFilter()
    _, (rows,) = plans(filled, lambda conn: policy_runs.list(conn, PROJECT, "a policy", wanted, Page(5)))
    assert len(rows) == 1, rows
    assert "USING INDEX ix_policy_run_list " in rows[0], rows
    _, (waiting, running) = plans(filled, policy_runs.is_any_open)
    assert "INDEX uq_policy_run_waiting" in waiting[0], waiting
    assert "INDEX ix_policy_run_running" in running[0], running


def test_what_may_be_told_to_the_operator_has_an_index(filled):
    looks = {
        "ix_policy_run_ended_at (ended_at>?": lambda conn: notices.ended_runs(conn, ["failed"], NOW, 5),
        "ix_policy_run_created_at (created_at>?": lambda conn: notices.late_runs(conn, NOW, 5),
        "ix_drill_ended_at (ended_at>?": lambda conn: notices.failed_drills(conn, NOW, 5),
        "ix_notice_next_attempt_at": lambda conn: notices.due(conn, NOW, 5),
    }
    for index, look in looks.items():
        _, (plan,) = plans(filled, look)
        assert f"INDEX {index}" in plan[0], plan


def test_what_the_status_asks_reads_no_table_as_a_whole(filled):
    asked = {
        operation_logs.unfinished: ("ix_operation_log_open", ()),
        operation_logs.oldest_waiting: ("ix_operation_log_open", ()),
        operation_logs.ended_since: ("sqlite_autoindex_operation_log_1 (id>?)", (NOW,)),
        operation_logs.failures_since: ("sqlite_autoindex_operation_log_1 (id>?)", (NOW, 5)),
    }
    for ask, (index, more) in asked.items():
        _, (plan,) = plans(filled, lambda conn, ask=ask, more=more: ask(conn, *more))
        assert f"INDEX {index}" in plan[0], (ask, plan)


def test_the_logs_of_all_projects_come_in_the_order_of_their_ids(filled):
    _, found = plans(filled, lambda conn: operation_logs.list_all(conn, OperationLogFilter(), Page(5)))
    assert len(found[0]) == 1, found  # nothing is sorted
    assert "INDEX sqlite_autoindex_operation_log_1" in found[0][0]


@pytest.mark.parametrize(
    "tags",
    [
        TagFilter(every=(("team", ("db",)), ("env", ("prod", "test")))),
        TagFilter(any=(("team", ("db",)), ("env", ()))),
        TagFilter(not_every=(("team", ("db",)),)),
        TagFilter(not_any=(("team", ("db",)),)),
    ],
)
def test_vaults_by_tags_search_an_index_of_tags(filled, tags):
    wanted = VaultFilter(tags=tags)
    # An offset past the end is counted by a statement of its own; the last one reads the tags to show.
    _, (rows, counted, _) = plans(filled, lambda conn: vaults.list(conn, PROJECT, wanted, Page(5, 99)))
    pairs = sum(len(one) for one in (tags.every, tags.any, tags.not_every, tags.not_any))
    for plan in (rows, counted):
        searches = [step for step in plan if "vault_tag" in step]
        assert len(searches) == pairs, plan
        for step in searches:
            assert "COVERING INDEX ix_vault_tag_search (project_id=? AND key=?" in step, plan


def test_untagged_vaults_need_no_row_of_a_tag(filled):
    wanted = VaultFilter(tags=TagFilter(untagged=True))
    _, (rows, _) = plans(filled, lambda conn: vaults.list(conn, PROJECT, wanted, Page(5)))
    assert any("COVERING INDEX ix_vault_tag_search (project_id=?)" in step for step in rows), rows


def test_the_tags_of_a_page_of_vaults_are_read_at_once(filled):
    _, found = plans(filled, lambda conn: vaults.list(conn, PROJECT, VaultFilter(), Page(1)))
    assert len([plan for plan in found if any("vault_tag" in step for step in plan)]) == 1, found


def test_the_newest_object_of_a_volume_is_found_without_sorting(filled):
    _, (plan,) = plans(filled, lambda conn: disk_backups.latest(conn, PROJECT, "v"))
    assert "INDEX ix_backup_resource (project_id=? AND resource_id=?)" in plan[0], plan
    assert "volume_backup USING INDEX" in plan[1], plan
    assert len(plan) == 2, plan


@pytest.mark.parametrize(
    "ask",
    [
        lambda conn: backups.children(conn, PROJECT, ["a", "b"]),
        lambda conn: disk_backups.of_backup(conn, PROJECT, "a"),
        lambda conn: disk_backups.volumes_of(conn, PROJECT, "a"),
        lambda conn: disk_backups.volumes_in(conn, PROJECT, "v", "r"),
        lambda conn: backups.list(conn, PROJECT, BackupFilter(parent_ids=("a",)), Page(5, 99)),
        lambda conn: backups.list(conn, PROJECT, BackupFilter(parent_ids=("a", "b")), Page(5, 99)),
    ],
)
def test_the_disks_of_backups_are_found_by_their_parents(filled, ask):
    with whole_reads() as seen:
        _, found = plans(filled, ask)
    assert seen == [], seen
    assert found
    for plan in found:
        assert any("INDEX ix_backup_child (parent_id=?)" in step for step in plan), plan


@pytest.mark.parametrize(
    "ask",
    [
        lambda conn, mine: backups.move_family(conn, PROJECT, mine, "deleting", updated_at=NOW),
        lambda conn, mine: backups.delete(conn, PROJECT, mine),
    ],
)
def test_the_disks_of_a_backup_that_changes_are_found_by_it(filled, ask):
    with filled.read() as conn:
        mine = backups.list(conn, PROJECT, BackupFilter(statuses=("available",)), Page(1)).items[0].id
    with whole_reads() as seen:
        _, found = plans(filled, lambda conn: ask(conn, mine))
    assert seen == [], seen
    steps = [step for plan in found for step in plan]
    assert any("INDEX ix_backup_child (parent_id=?)" in step for step in steps), steps


def test_work_on_one_server_reads_no_more_of_its_vault(filled):
    asked = (
        lambda conn: disk_backups.volumes_in(conn, PROJECT, "v", "r"),
        lambda conn: vault_backups.used_by(conn, PROJECT, "v", ["r"]),
        lambda conn: retention.of_resource(conn, PROJECT, "v", "r"),
        lambda conn: retention.resources_in(conn, PROJECT, ["v"], "r"),
        lambda conn: policy_runs.list(conn, PROJECT, "p", PolicyRunFilter(resource_ids=("r",)), Page(5, 9)),
    )
    for ask in asked:
        _, found = plans(filled, ask)
        steps = [step for plan in found for step in plan]
        assert any("(project_id=? AND resource_id=?" in step for step in steps), steps
        assert not any("vault_id=?)" in step for step in steps), steps


def test_checkpoints_follow_their_backups_by_themselves(filled):
    _, (plan,) = plans(filled, lambda conn: checkpoints.follow_backups(conn, PROJECT, "v"))
    searches = [step for step in plan if " here " in step or " backup " in step]
    assert searches
    assert all("INDEX ix_backup_checkpoint (checkpoint_id=?" in step for step in searches), searches


def test_drills_of_policies_are_found_by_the_runs_of_those(filled):
    wanted = DrillFilter(policy_ids=("p", "q"))
    _, found = plans(filled, lambda conn: drills.list(conn, PROJECT, wanted, Page(5, 9)))
    steps = [step for plan in found for step in plan if "policy_run" in step]
    assert steps
    assert all("INDEX ix_policy_run_list (policy_id=?" in step for step in steps), steps


@pytest.mark.parametrize(
    "ask",
    [
        lambda conn: backups.by_ids(conn, PROJECT, ["a", "b"]),
        lambda conn: checkpoints.of_ids(conn, PROJECT, ["a", "b"]),
        lambda conn: policy_runs.by_ids(conn, PROJECT, ["a", "b"]),
        lambda conn: retention.resources_in(conn, PROJECT, ["v", "w"]),
        lambda conn: vaults.delete(conn, PROJECT, "not there"),
        lambda conn: policies.delete(conn, PROJECT, "not there"),
        lambda conn: operation_logs.taken(conn, 5),
    ],
)
def test_what_is_known_by_its_key_is_found_by_that_and_what_it_leaves_behind_too(filled, ask):
    with filled.read() as conn, whole_reads() as seen:
        ask(conn)
    assert seen == [], seen


@pytest.mark.parametrize(
    ("rest", "steps"),
    [
        ("backup WHERE project_id = 'p' AND position = 1", 1),  # by the project alone
        ("backup AS one WHERE one.position = 1", 1),  # under another name
        ("ledger WHERE name = 'n'", 1),
        ("ledger WHERE name = 'n' LIMIT 1", 1),  # which may be the last, or none
        ("ledger WHERE name IN (SELECT name FROM vault LIMIT 1)", 1),
        ("operation_log WHERE project_id = 'p' AND operation_type = 't'", 1),
        ("operation_log WHERE project_id = 'p' AND created_at > 'then'", 0),
        ("backup WHERE project_id = 'p' AND parent_id IS NULL AND held_at IS NULL LIMIT 1", 0),
        ("backup WHERE id = 'one'", 0),
        ("vault", 0),  # which backups add nothing to
    ],
)
def test_what_is_read_whole_is_noticed(filled, rest, steps):
    statement = f"SELECT id FROM {rest}"
    with filled.read() as conn:
        plan = [row[-1] for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}")]
    assert len(read_whole(statement, plan)) == steps, plan


def test_dependents_are_found_by_an_index(filled):
    _, (plan,) = plans(filled, lambda conn: disk_backups.has_dependents(conn, PROJECT, "b"))
    assert "INDEX ix_volume_backup_based_on (based_on=?)" in plan[0], plan


@pytest.mark.parametrize("asked", [["v"], ["v", "w"]])
def test_what_a_vault_holds_is_summed_up_from_an_index_alone(filled, asked):
    _, found = plans(filled, lambda conn: vaults.usage(conn, asked))
    steps = [step for plan in found for step in plan if " backup " in step]
    assert len(steps) == 2, steps
    assert all("COVERING INDEX ix_backup_vault_id (vault_id=?" in step for step in steps), steps


def test_how_fresh_resources_are_is_found_by_searches_for_each(filled):
    page = Page(5, sort=(("unprotected_since", "asc"),))
    _, (rows,) = plans(filled, lambda conn: freshness.list(conn, PROJECT, FreshnessFilter(), page))
    _, (summed,) = plans(filled, lambda conn: freshness.summary(conn, PROJECT))
    of_resource = "(project_id=? AND resource_id=?"
    searches = {
        "backup": (f"ix_backup_complete {of_resource})", f"ix_backup_resource {of_resource}", "(id=?)"),
        "drill": (f"COVERING INDEX ix_drill_resource {of_resource} AND verdict=?)",),
        "policy_run": (f"INDEX ix_policy_run_resource {of_resource} AND policy_id=?)",),
    }
    for plan in (rows, summed):
        assert not [step for step in plan if step.startswith("SCAN")], plan
        for step in plan:
            for table, known in searches.items():
                if step.startswith(f"SEARCH {table} "):
                    assert any(one in step for one in known), step
    # Sums need no drill and no count of runs; only the newest of a drill's backups, and the resources, are sorted.
    assert not any("drill" in step for step in summed), summed
    assert "USE TEMP B-TREE FOR ORDER BY" not in summed, summed
