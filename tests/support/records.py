"""The record keeper of a test, with keys of its own."""

from pathlib import Path

from opencbr.store.records import Records


def open_records(database, folder: Path, clock):
    return Records(database, None, None, clock)
