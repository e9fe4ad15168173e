"""Operation logs: what was asked and how far it is (contract 3.8, 4.4)."""

from opencbr.model.errors import CbrError
from opencbr.model.ids import is_uuid
from opencbr.model.lists import Listing, OperationLogFilter, Page
from opencbr.model.operation_log import OperationLog
from opencbr.service.context import Context
from opencbr.store import operation_logs
from opencbr.store.database import Database


class OperationLogs:
    """The use cases of the chapter; every one sees the caller's project only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, ctx: Context, wanted: OperationLogFilter, page: Page) -> Listing[OperationLog]:
        """Return a page, newest first unless sorted; raises UnknownMarker and UnknownSortKey."""
        with self._database.read() as conn:
            return operation_logs.list(conn, ctx.project_id, wanted, page)

    def show(self, ctx: Context, log_id: str) -> OperationLog:
        """Return one log; raises 404/6500."""
        if is_uuid(log_id):
            with self._database.read() as conn:
                log = operation_logs.get(conn, ctx.project_id, log_id)
            if log is not None:
                return log
        raise CbrError("6500")
