"""ShowMetadata and the record behind it, in the view that the caller's rights give (contract 6)."""

from datetime import timedelta
from typing import Any

from opencbr.model import statuses
from opencbr.model.access import Access
from opencbr.model.backup import READABLE, Backup
from opencbr.model.errors import BAD_PARAMETER, NOT_ALLOWED, CbrError
from opencbr.model.extend_info import LOST, is_lost
from opencbr.model.field_classes import INFRASTRUCTURE, SECRETS
from opencbr.model.ids import is_uuid
from opencbr.model.secrets import MASKED, VERBATIM, View
from opencbr.observe.log import audit
from opencbr.observe.printable import printable
from opencbr.records.archive import Records
from opencbr.records.build import RecordRefused
from opencbr.service.access import find_visible, no_such_backup
from opencbr.service.cache import Cache
from opencbr.service.context import Context
from opencbr.store.database import Database

SECRETS_RIGHT = "cbr:backups:getMetadataSecrets"
INFRASTRUCTURE_RIGHT = "cbr:backups:getMetadataInfrastructure"
RIGHT_OF = {SECRETS: SECRETS_RIGHT, INFRASTRUCTURE: INFRASTRUCTURE_RIGHT}
"""Class of masked values -> the right to see them."""

_READ = {SECRETS: "secrets", INFRASTRUCTURE: "infrastructure"}

_VIEWS: tuple[tuple[View, View], tuple[View, View]] = (
    (MASKED, frozenset({INFRASTRUCTURE})),
    (frozenset({SECRETS}), VERBATIM),
)
_Key = tuple[str, str, View]
"""Reader's project, backup, and the view that the reader's rights give."""
_Shown = tuple[bytes, bool]
"""A body, and whether another project shares it."""


class Metadata:
    """The use cases of the chapter.

    `cache_seconds` and `cache_bytes` bound a cache of finished answers in this process; 0 seconds switches it
    off. Another process that deletes a backup is noticed after that time at the latest.
    """

    def __init__(
        self,
        database: Database,
        records: Records,
        *,
        cache_seconds: float = 0,
        cache_bytes: int = 64 * 1024 * 1024,
    ) -> None:
        self._database = database
        self._records = records
        self._remembered = timedelta(seconds=cache_seconds)
        self._cache: Cache[_Key, _Shown] | None = Cache(cache_bytes, _size_of) if cache_seconds > 0 else None

    def show(self, ctx: Context, backup_id: str) -> bytes:
        """Return the body of ShowMetadata, finished JSON.

        Raises 404/6200 for unknown and foreign ids, 400/6206 in a status that has nothing to show (contract
        6.7).
        """
        view = view_of(ctx)
        key = (ctx.project_id, backup_id, view)
        found = self._cache.get(key, ctx.now) if self._cache is not None else None
        if found is None:
            since = self._cache.forgotten if self._cache is not None else 0
            answer = self._records.answer(ctx.project_id, backup_id, view) if is_uuid(backup_id) else None
            if answer is None:
                no_such_backup(backup_id)
            if answer.body is None or (answer.status not in READABLE and not self._is_lost(ctx, backup_id)):
                raise _nothing_to_show(answer.status)
            found = answer.body, answer.shared
            if self._cache is not None and answer.status == statuses.AVAILABLE:
                self._cache.put(key, found, ctx.now, ctx.now + self._remembered, since=since)
        body, shared = found
        if not shared:
            _note_secrets(ctx, backup_id, view, "metadata")
        return body

    def export(self, ctx: Context, backup_id: str) -> dict[str, Any]:
        """Return the record in the caller's view, with all that verifying needs; raises as `show` does."""
        access, record_of = self._readable(ctx, backup_id)
        view = access.view(view_of(ctx))
        try:
            record = self._records.export(access.owner, record_of.id, view, asked=backup_id)
        except RecordRefused as error:
            raise _nothing_to_show(record_of.status) from error
        _note_secrets(ctx, backup_id, view, "record")
        return record

    def report(self, ctx: Context, backup_id: str) -> tuple[dict[str, Any], str | None]:
        """Return what was read, denied, missing or moved while the record was made, and what the cloud has lost since.

        Raises as `show` does.
        """
        access, record_of = self._readable(ctx, backup_id)
        try:
            report = self._records.report(access.owner, record_of.id, asked=backup_id)
        except RecordRefused as error:
            raise _nothing_to_show(record_of.status) from error
        return report, record_of.extend_info.get(LOST)

    def value(self, ctx: Context, backup_id: str, document: str, offset: int) -> tuple[str, str, str]:
        """Return path, class and JSON text of one value that is masked, and leave an audit line that names it.

        Raises as `show` does, 403/8600 without the right to the value's class, 400/9900 where no masked value stands.
        """
        access, record_of = self._readable(ctx, backup_id)
        try:
            found = self._records.value(access.owner, record_of.id, document, offset, asked=backup_id)
        except RecordRefused as error:
            raise _nothing_to_show(record_of.status) from error
        if found is None:
            raise CbrError(
                BAD_PARAMETER, "No masked value begins there: ShowReport tells document and offset of each."
            )
        path, kind, _ = found
        if kind not in access.view(view_of(ctx)):
            raise CbrError(NOT_ALLOWED, _why_not(access, kind))
        _note(ctx, backup_id, _READ[kind], printable(f"{document} {path}"))
        return found

    def forget(self, backup_ids: set[str]) -> None:
        """Drop the cached answers of backups that are being deleted, whoever asked for them."""
        if self._cache is not None:
            self._cache.forget(lambda key: key[1] in backup_ids)

    def _readable(self, ctx: Context, backup_id: str) -> tuple[Access, Backup]:
        """Return the backup whose record this is: a disk of a server backup has its parent's."""
        with self._database.read() as conn:
            access, backup = find_visible(conn, ctx.project_id, backup_id)
            if backup.parent_id is not None:
                access, backup = find_visible(conn, ctx.project_id, backup.parent_id)
        if backup.status not in READABLE and not is_lost(backup):
            raise _nothing_to_show(backup.status)
        return access, backup

    def _is_lost(self, ctx: Context, backup_id: str) -> bool:
        with self._database.read() as conn:
            return is_lost(find_visible(conn, ctx.project_id, backup_id)[1])


def view_of(ctx: Context) -> View:
    """Return the classes of masked values that the caller may see in the project's own backups."""
    return _VIEWS[ctx.can(SECRETS_RIGHT)][ctx.can(INFRASTRUCTURE_RIGHT)]


def _size_of(shown: _Shown) -> int:
    return len(shown[0])


def _nothing_to_show(status: str) -> CbrError:
    return CbrError("6206", f"The backup is {status}: there is no metadata to show before it is available.")


def _why_not(access: Access, kind: str) -> str:
    if access.shared:
        return "The backup is shared with this project: masked values are shown to the project that has it alone."
    return f"Your roles do not allow {RIGHT_OF[kind]}: ask the project's admin for a role that does."


def _note_secrets(ctx: Context, backup_id: str, view: View, what: str) -> None:
    if SECRETS in view:
        _note(ctx, backup_id, _READ[SECRETS], what)


def _note(ctx: Context, backup_id: str, read: str, what: str) -> None:
    """Leave the audit line that reading what is masked costs; it names who and what, no value."""
    audit.info(
        "%s read: %s of backup %s by user %s in project %s, request %s",
        read,
        what,
        backup_id,
        ctx.actor.user_id,
        ctx.project_id,
        ctx.request_id,
    )
