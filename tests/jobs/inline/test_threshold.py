"""A vault that fills up says so in the operation log of each backup that ends (contract 5.1)."""

import logging

import pytest

from opencbr.jobs.backup.job import run_backup
from opencbr.model.operation_log import NOTES
from opencbr.store import vaults
from support.inline_job import job_context, run_inline
from support.job_env import JobEnv


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"size_gb": 100, "threshold": 80}, False),
        ({"size_gb": 100, "threshold": 1}, True),
        ({"size_gb": 100, "threshold": 1, "smn_notify": False}, False),
        ({"size_gb": 1, "threshold": 100}, True),
    ],
)
def test_a_backup_says_that_its_vault_has_reached_the_threshold(
    env: JobEnv, changes: dict[str, int], told: bool, caplog: pytest.LogCaptureFixture
) -> None:
    bound = env.bind("db1-data", "disk")
    with env.database.write() as conn:
        assert vaults.update(conn, env.project_id, bound.vault_id, **changes)
    operation = env.request_backup(bound)
    with caplog.at_level(logging.WARNING, "opencbr.jobs.backup.close"):
        run_inline(run_backup, job_context(env), operation)
    notes = env.succeeded(operation).details.get(NOTES, [])
    with env.database.read() as conn:
        used_mb = vaults.usage(conn, [bound.vault_id])[bound.vault_id].used_mb
    assert used_mb >= 1024
    if not told:
        assert (notes, caplog.messages) == ([], [])
        return
    (sentence,) = notes
    assert f"vault {bound.vault_id} holds {used_mb} MiB of {changes['size_gb']} GiB" in sentence
    assert f"threshold of {changes['threshold']} %" in sentence
    assert any(sentence in line and operation.id in line for line in caplog.messages)
