"""The one hot read, by the bare driver: SQLAlchemy would cost more than the reading itself.

Connections are opened when none is idle, and the one used last is used next: it is warm in the processor's cache.
"""

from typing import Any, Protocol

from msgspec import Struct

from opencbr.model.statuses import ACCEPTED
from opencbr.records.metadata_query_postgres import PostgresRows
from opencbr.records.metadata_query_sqlite import SqliteRows
from opencbr.store.database import Database

_QUERY = """
SELECT b.project_id, b.status, b.parent_id, b.resource_id, b.resource_type, r.key_id, r.dictionary_id, r.answer, {secrets},
  CASE WHEN b.parent_id IS NOT NULL THEN r.documents END
FROM backup b LEFT JOIN record r ON r.backup_id = coalesce(b.parent_id, b.id) AND r.project_id = b.project_id
WHERE b.id = {first} AND b.held_at IS NULL AND (b.project_id = {second} OR EXISTS (
  SELECT 1 FROM member m
  WHERE m.backup_id = coalesce(b.parent_id, b.id) AND m.dest_project_id = {second} AND m.status = '{accepted}'))
"""
"""What `opencbr.store.members.access_to` says, in the same row; of a disk also the parts that name it."""


class AnswerRow(Struct, frozen=True):
    """What ShowMetadata needs to know of one backup. A disk of a server backup has its parent's record.

    `owner` is its project, which may share it with the one that asks. From `key_id` on all is None while there is no
    record; `secrets` also when it was not asked for, `documents` for whatever is no disk of a server backup: a disk is
    looked up in the record, for which all parts are read.
    """

    owner: str
    status: str
    parent_id: str | None
    resource_id: str
    resource_type: str
    key_id: str | None
    dictionary_id: str | None
    answer: bytes | None
    secrets: bytes | None
    documents: bytes | None


class _Rows(Protocol):
    """Reads one row by the id of a backup and the project that asks; `secrets` chooses the query."""

    def row(self, backup_id: str, project_id: str, *, secrets: bool) -> tuple[Any, ...] | None: ...

    def close(self) -> None: ...


class MetadataQuery:
    """Reads answers. Thread-safe; `close` when nobody reads any more."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rows: _Rows = (
            SqliteRows(database.url, _queries("?1", "?2"))
            if database.dialect == "sqlite"
            else PostgresRows(database.url, _queries("$1", "$2"))
        )

    def read_answer(self, reader: str, backup_id: str, *, secrets: bool = True) -> AnswerRow | None:
        """Read the record of a backup that the project `reader` has or shares; None when it sees no such backup.

        Raises DatabaseReplaced, DatabaseDamaged, and the driver's own errors when the database does not answer.
        """
        self._database.refuse_replaced()
        try:
            row = self._rows.row(backup_id, reader, secrets=secrets)
        except Exception as error:
            if damage := self._database.damage(error):
                raise damage from error
            raise
        return None if row is None else AnswerRow(*row)

    def close(self) -> None:
        """Close the idle connections."""
        self._rows.close()


def _queries(first: str, second: str) -> dict[bool, str]:
    return {
        with_secrets: _QUERY.format(
            secrets="r.secrets" if with_secrets else "CASE WHEN b.parent_id IS NOT NULL THEN r.secrets END",
            first=first,
            second=second,
            accepted=ACCEPTED,
        )
        for with_secrets in (True, False)
    }
