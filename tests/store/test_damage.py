"""Damage is known by what the bare drivers say, on both kinds of database."""

import logging

import psycopg
import pytest

from opencbr.store.damage import damaged, is_damage, was_met
from opencbr.store.database import is_outage


@pytest.mark.parametrize(
    "error", [psycopg.errors.DataCorrupted("page 5"), psycopg.errors.IndexCorrupted("i")]
)
def test_what_postgresql_calls_corrupted_is_damage_that_is_told_once(error, caplog: pytest.LogCaptureFixture):
    name = f"cbr-{error.sqlstate}"
    assert is_damage(error)
    assert not was_met(name)
    for _ in range(2):
        assert is_outage(damaged(name, error))
    assert was_met(name)
    told = f"database {name} is damaged ({error}): stop opencbr, and restore it"
    assert [record.getMessage() for record in caplog.records] == [told]
    assert caplog.records[0].levelno == logging.ERROR


@pytest.mark.parametrize(
    "error", [psycopg.errors.DiskFull("x"), psycopg.OperationalError("x"), ValueError("x")]
)
def test_other_trouble_is_none(error):
    assert not is_damage(error)
