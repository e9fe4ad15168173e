"""Walking the chains of a database: reads what belongs to each resource and proves every record that is there."""

from collections.abc import Iterator, Mapping

from sqlalchemy import Connection

from opencbr.keys.project_keys import Keys
from opencbr.records import links, rows
from opencbr.records.hash_chain import Chain, Head, walk
from opencbr.records.links import Link
from opencbr.records.rows import RecordRow
from opencbr.records.verification import key_of, prove
from opencbr.store.database import Database
from opencbr.store.errors import RecordDamaged

Found = tuple[RecordRow, Link | None] | RecordDamaged


def walk_chains(
    database: Database,
    keys: Keys,
    *,
    public_key: str,
    project_id: str,
    resource_id: str,
    noted: Mapping[tuple[str, str], Head],
) -> Iterator[Chain]:
    """Walk chain after chain; `Records.chains` says the rest. `public_key` is the one that must have signed."""
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
        proofs = {one: _fault(what, keys, public_key) for one, what in found.items() if what is not None}
        yield walk(*place, chain, proofs=proofs, owing=owing, noted=noted.get(place))


def _links(conn: Connection, project_id: str, resource_id: str) -> list[Link] | RecordDamaged:
    try:
        return links.chain(conn, project_id, resource_id)
    except RecordDamaged as error:
        return error


def _read(conn: Connection, project_id: str, backup_id: str) -> Found | None:
    try:
        row = rows.get(conn, project_id, backup_id)
        return None if row is None else (row, links.get(conn, project_id, backup_id))
    except RecordDamaged as error:
        return error


def _fault(found: Found, keys: Keys, public_key: str) -> str | None:
    """Say what is wrong with a record; None when it is what was signed here, and its link is its own."""
    if isinstance(found, RecordDamaged):
        return str(found)
    row, link = found
    try:
        prove(row, link, key_of(keys, row.project_id, row.key_id, row.backup_id))
    except RecordDamaged as error:
        return str(error)
    if row.signer.hex() != public_key:
        return f"the record of backup {row.backup_id} was signed with another key than this installation's: {row.signer.hex()}"
    return None
