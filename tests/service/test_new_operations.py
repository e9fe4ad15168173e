"""Operation logs are made in one place, with who asked and by which request."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

import opencbr
from opencbr.model.operation_log import OperationLog
from opencbr.service.context import Actor, Context
from opencbr.service.new_operations import request_backup, request_vault_deletion
from opencbr.store import backups, operation_logs
from opencbr.store.database import Database
from store.samples import NOW, PROJECT, backup, kept_vault

SRC = Path(opencbr.__file__).parent
BY_POLICY = Context(Actor(policy_id="policy-1"), PROJECT, "req-1", NOW, lambda _: False)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.dispose()


def calls(name: str) -> Iterator[str]:
    """The modules of the program that call something of this name, `a.b` as it is written."""
    for path in SRC.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in (name, f"logs.{name}"):
                yield path.relative_to(SRC).as_posix()


def test_one_module_makes_operation_logs_and_another_reads_them_back() -> None:
    assert sorted(set(calls("OperationLog"))) == ["service/new_operations.py", "store/operation_logs.py"]
    assert set(calls("operation_logs.insert")) == {"service/new_operations.py"}


def test_an_operation_says_who_asked_for_it(database: Database) -> None:
    with database.write() as conn:
        vault, point = kept_vault(conn)
        wanted = backup(point)
        backups.insert(conn, wanted)
        scheduled = request_backup(conn, BY_POLICY, vault, wanted)
        by_hand = request_vault_deletion(
            conn, replace(BY_POLICY, actor=Actor("u-1"), request_id="req-2"), vault
        )

    def read(log: OperationLog) -> OperationLog | None:
        with database.read() as conn:
            return operation_logs.get(conn, PROJECT, log.id)

    first, second = read(scheduled), read(by_hand)
    assert first is not None
    assert second is not None
    assert (first, second) == (scheduled, by_hand)
    assert (first.policy_id, first.user_id, first.request_id, first.status) == (
        "policy-1",
        "",
        "req-1",
        "waiting",
    )
    assert (first.backup_id, first.vault_name) == (wanted.id, vault.name)
    assert (second.policy_id, second.user_id, second.request_id) == (None, "u-1", "req-2")
