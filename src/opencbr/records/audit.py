"""Walking the chains of a database: reads what belongs to each resource and proves every record that is there."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from opencbr.keys.project_keys import Keys
from opencbr.model.backup import Backup, DiskBackup
from opencbr.records import links, rows
from opencbr.records.hash_chain import Chain, Head, walk
from opencbr.records.links import Link
from opencbr.records.rows import RecordRow
from opencbr.records.signed_rows import differences
from opencbr.records.verification import key_of, prove
from opencbr.store import backups, disk_backups
from opencbr.store.database import Database
from opencbr.store.errors import RecordDamaged
from opencbr.store.statements import as_written


@dataclass(frozen=True, slots=True)
class Stored:
    """What the database has of one record: its row and link, and the rows of its backup and of the disks."""

    row: RecordRow
    link: Link | None
    top: Backup | None
    disks: list[DiskBackup]


Found = Stored | RecordDamaged


def walk_chains(
    database: Database,
    keys: Keys,
    *,
    public_keys: Collection[str],
    project_id: str,
    resource_id: str,
    noted: Mapping[tuple[str, str], Head],
) -> Iterator[Chain]:
    """Walk chain after chain; `Records.chains` says the rest. One of `public_keys` must have signed."""
    with database.read() as conn:
        places = set(links.resources(conn, project_id, resource_id))
        places.update(place[:2] for place in rows.owing(conn, project_id, resource_id))
    places.update(place for place in noted if project_id in ("", place[0]) and resource_id in ("", place[1]))
    for place in sorted(places):
        with database.read() as conn:
            owing = [backup_id for _, _, backup_id in rows.owing(conn, *place)]
            chain = _links(conn, *place)
            linked = [] if isinstance(chain, RecordDamaged) else [link.backup_id for link in chain]
            found = {one: _read(conn, place[0], one) for one in dict.fromkeys([*owing, *linked])}
        if isinstance(chain, RecordDamaged):
            yield Chain(
                project_id=place[0], resource_id=place[1], head=None, links=(), problems=(str(chain),)
            )
            continue
        proofs = {one: _fault(what, keys, public_keys) for one, what in found.items() if what is not None}
        for one in _signed_too_late(found[link.backup_id] for link in chain):
            proofs[one] = proofs[one] or (
                f"the record of backup {one} was signed with a key that had been replaced when it was closed"
            )
        yield walk(*place, chain, proofs=proofs, owing=owing, noted=noted.get(place))


def _signed_too_late(found: Iterable[Found | None]) -> Iterator[str]:
    """Name the backups whose records a key signed again after another: a rotation is for good. In the chain's order."""
    signers: list[bytes] = []
    for one in found:
        if not isinstance(one, Stored):
            continue
        if one.row.signer in signers[:-1]:
            yield one.row.backup_id
        elif one.row.signer not in signers:
            signers.append(one.row.signer)


def _links(conn: Connection, project_id: str, resource_id: str) -> list[Link] | RecordDamaged:
    try:
        return links.chain(conn, project_id, resource_id)
    except RecordDamaged as error:
        return error


def _read(conn: Connection, project_id: str, backup_id: str) -> Found | None:
    try:
        row = rows.get(conn, project_id, backup_id)
        if row is None:
            return None
        link = links.get(conn, project_id, backup_id)
        with as_written(
            RecordDamaged(f"a row of backup {backup_id} or of its disks is not what was written")
        ):
            top = backups.get(conn, project_id, backup_id, held=True)
            return Stored(row, link, top, disk_backups.of_backup(conn, project_id, backup_id))
    except RecordDamaged as error:
        return error


def _fault(found: Found, keys: Keys, public_keys: Collection[str]) -> str | None:
    """Say what is wrong with a record; None when it is what was signed here, and link and rows are its own."""
    if isinstance(found, RecordDamaged):
        return str(found)
    row = found.row
    try:
        proved = prove(row, found.link, key_of(keys, row.project_id, row.key_id, row.backup_id))
    except RecordDamaged as error:
        return str(error)
    if row.signer.hex() not in public_keys:
        return f"the record of backup {row.backup_id} was signed with another key than this installation's: {row.signer.hex()}"
    return "; ".join(differences(proved.record, found.top, found.disks)) or None
