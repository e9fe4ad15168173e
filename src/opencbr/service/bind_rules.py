"""Bind rules: servers and disks that no vault has are bound by their tags, also those made later (contract 5.4)."""

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain

from sqlalchemy import Connection

from opencbr.cloud.cloud import Cloud
from opencbr.cloud.errors import CloudError
from opencbr.cloud.reader import Json, Reader, pages
from opencbr.cloud.resource_tags import tags_of
from opencbr.cloud.statuses import DISK_STATES, SERVER_STATES
from opencbr.model import statuses
from opencbr.model.clock import Clock
from opencbr.model.errors import CbrError
from opencbr.model.vault import RESOURCE_TYPE, VOLUME, Vault
from opencbr.service.instances import Source, find_source
from opencbr.service.resources import Wanted, bind
from opencbr.store import bind_exclusions, ledger, resources, vaults
from opencbr.store.database import Database

log = logging.getLogger(__name__)
_UPSTREAM_PAGE = 200
"""Rows in one upstream answer, which is read whole."""
_FULL = "6100"


@dataclass(frozen=True, slots=True)
class _Match:
    """A resource that no vault has, as the cloud's list shows it, and the vaults whose rules take it, the oldest first."""

    row: Json
    kind: str
    vaults: tuple[Vault, ...]


class BindRules:
    """Binds what the rules of all projects' vaults take. `guard` raises when this worker must not go on."""

    def __init__(self, database: Database, cloud: Cloud, clock: Clock, guard: Callable[[], None]) -> None:
        self._database = database
        self._cloud = cloud
        self._clock = clock
        self._guard = guard
        self._troubles: dict[str, str] = {}

    def bind_all(self) -> None:
        """Look once at each project with rules, and bind what they take.

        A project in which the cloud refuses or does not answer waits for the next round, and the log says so.
        """
        with self._database.read() as conn:
            found = vaults.with_bind_rules(conn)
        of_projects: dict[str, list[Vault]] = defaultdict(list)
        for vault in found:
            if vault.rules:
                of_projects[vault.project_id].append(vault)
        told, failures = self._troubles, []
        self._troubles = {}
        for project_id, those in of_projects.items():
            try:
                self._bind_in(project_id, those, told)
            except CloudError as error:
                failures.append(error)
        if failures:
            log.warning(
                "the bind rules of %d of %d projects wait for the next round: %s",
                len(failures),
                len(of_projects),
                failures[0],
            )

    def _bind_in(self, project_id: str, those: Sequence[Vault], told: dict[str, str]) -> None:
        reader = self._cloud.reader()
        for match in self._matches(reader, project_id, those):
            self._guard()
            try:
                source = find_source(
                    reader, project_id=project_id, kind=match.kind, source_id=match.row["id"]
                )
                self._bind(source, match.vaults)
            except CbrError as error:
                # It is tried again each round, and told of when it is another trouble than in the last one.
                self._troubles[match.row["id"]] = error.code
                if told.get(match.row["id"]) != error.code:
                    log.warning("bind rules cannot bind %s: %s", match.row["id"], error.message)

    def _matches(self, reader: Reader, project_id: str, those: Sequence[Vault]) -> list[_Match]:
        """Find what is to be bound, with one list of each type that the vaults take."""
        self._guard()
        with self._database.read() as conn:
            settled = resources.ids(conn, project_id) | bind_exclusions.of_project(conn, project_id)
        found = []
        for object_type, kind in RESOURCE_TYPE.items():
            of_type = [vault for vault in those if vault.object_type == object_type]
            for row in _rows(reader, project_id, kind) if of_type else ():
                tags = tags_of(row)
                wanting = tuple(vault for vault in of_type if vault.rules & tags)
                if wanting and row["id"] not in settled and _at_rest(kind, row):
                    found.append(_Match(row, kind, wanting))
        return self._without_ours(project_id, found) if found else []

    def _without_ours(self, project_id: str, found: list[_Match]) -> list[_Match]:
        """Leave out what jobs are making: a drill's server bears the tags of the record, and is gone in a moment.

        The ledger is read after the cloud: what was made stood in it before.
        """
        with self._database.read() as conn:
            making = ledger.standing(conn, project_id, ("server", "volume"))
        ids, names = {one.upstream_id for one in making}, {one.name for one in making}
        return [match for match in found if match.row["id"] not in ids and match.row.get("name") not in names]

    def _bind(self, source: Source, wanting: Sequence[Vault]) -> None:
        """Bind to the first vault that has room. Raises CbrError as `bind` does."""
        refusal: CbrError | None = None
        for vault in wanting:
            try:
                bound = self._database.transact(partial(self._write, source=source, wanting=vault))
            except CbrError as error:
                if error.code != _FULL:
                    raise
                refusal = error
                continue
            if bound:
                log.info("%s was bound to vault %s by its bind rules", source.id, vault.id)
            return
        if refusal:
            raise refusal

    def _write(self, conn: Connection, *, source: Source, wanting: Vault) -> bool:
        """Bind unless somebody has changed anything of it since the round began."""
        project_id = wanting.project_id
        vault = vaults.get(conn, project_id, wanting.id, lock=True)
        if vault is None or vault.status != statuses.AVAILABLE or vault.rules != wanting.rules:
            return False
        if resources.get(conn, project_id, source.id) is not None:
            return False
        if source.id in bind_exclusions.of_project(conn, project_id):
            return False
        wanted = [Wanted(id=source.id, type=source.type)]
        bind(conn, vault, wanted, {source.id: source}, self._clock.now(), by_rules=True)
        return True


def _rows(reader: Reader, project_id: str, kind: str) -> list[Json]:
    service, path = ("volume", "/volumes/detail") if kind == VOLUME else ("compute", "/servers/detail")
    rows_of = reader.list_volumes if kind == VOLUME else reader.list_servers

    def page(marker: str | None) -> list[Json]:
        return rows_of(project_id, limit=_UPSTREAM_PAGE, marker=marker)

    return list(chain.from_iterable(pages(page, service, path)))


def _at_rest(kind: str, row: Json) -> bool:
    """Say whether it can be bound as it is now; what is being made, say, is looked at again in the next round."""
    return row.get("status") in (DISK_STATES if kind == VOLUME else SERVER_STATES)
