"""Databases for tests, SQLite and PostgreSQL alike: each empty or with the schema, each thrown away after use.

Migrating takes longer than most tests, so it is done once in each test process and copied.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from opencbr.store.database import Database

from .postgres import VARIABLE, cut_off, fresh_database

SQLITE, POSTGRES = "sqlite", "postgres"

KINDS = [SQLITE, pytest.param(POSTGRES, marks=pytest.mark.postgres)]
"""For `params=` of a fixture: what asks for it runs on both."""


class Databases:
    """Makes databases; the templates that they are copied from lie in `folder` and on the server."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._templates: dict[str, str] = {}
        self._open = contextlib.ExitStack()

    @contextlib.contextmanager
    def fresh(self, kind: str, folder: Path, *, empty: bool = False) -> Iterator[str]:
        """Give the URL of a new database until the end of the block; SQLite's file goes into `folder`."""
        template = None if empty else self._template(kind)
        if kind == POSTGRES:
            with fresh_database(os.environ[VARIABLE], template=template) as url:
                yield url
            return
        url = f"sqlite:///{folder / 'opencbr.db'}"
        if template is not None:
            shutil.copy(template.removeprefix("sqlite:///"), url.removeprefix("sqlite:///"))
        yield url

    def _template(self, kind: str) -> str:
        if kind not in self._templates:
            url = self._open.enter_context(self.fresh(kind, self._folder, empty=True))
            database = Database(url)
            database.upgrade()
            database.dispose()
            self._templates[kind] = url
        return self._templates[kind]

    def close(self) -> None:
        """Drop the templates."""
        self._open.close()


@contextlib.contextmanager
def away(url: str) -> Iterator[None]:
    """Take a database away from those who use it, as an outage does; SQLite's is missed by new connections only."""
    if not url.startswith("sqlite"):
        with cut_off(url):
            yield
        return
    file = Path(url.removeprefix("sqlite:///"))
    for one in file.parent.glob(f"{file.name}*"):
        one.rename(one.with_name(f"away-{one.name}"))
    file.mkdir()  # cannot be opened as a database
    try:
        yield
    finally:
        file.rmdir()
        for one in file.parent.glob("away-*"):
            one.rename(one.with_name(one.name.removeprefix("away-")))
