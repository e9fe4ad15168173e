"""The second reading, after the snapshots: the documents that ShowMetadata answers with, read once more.

Only differences are kept of it, so that lists do: one call gives all ports of a server, one the floating IPs on them.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlencode

from opencbr.cloud.reader import Reader
from opencbr.cloud.reading_pass import Pass
from opencbr.cloud.references import Want, ports_of
from opencbr.cloud.shared_documents import DocumentsInCommon
from opencbr.model.clock import Clock
from opencbr.model.document import Document, Reading, Unread
from opencbr.model.json_spans import spans

_ALONE = ("server", "interface", "flavor", "volume/")
_LISTED = ("port/", "floatingips/")
"""Names, or beginnings of names, of the documents that ShowMetadata answers with."""


def read_again(
    reader: Reader, first: Reading, clock: Clock, shared: DocumentsInCommon | None = None
) -> Reading:
    """Read the compatible documents of `first` once more; what a list does not give, alone. Raises CloudError.

    What `shared` has is taken from there when it was read after `first`: the flavor of servers that are backed up together.
    """
    started = clock.now()
    one_pass = Pass(reader, first.project_id, shared and shared.since(first.ended_at))
    before: tuple[Document | Unread, ...] = (*first.documents, *first.unread)
    listed = [one for one in before if one.name.startswith(_LISTED)]
    one_pass.take(row for answer in one_pass.answers(_lists(first, listed)) for row in _rows(answer, listed))
    alone = [one for one in before if one.name in _ALONE or one.name.startswith(_ALONE[-1])]
    one_pass.read(Want(one.name, one.service, one.path, one.microversion) for one in (*alone, *listed))
    again = one_pass.reading(
        resource_id=first.resource_id,
        resource_type=first.resource_type,
        resource_name=first.resource_name,
        availability_zone=first.availability_zone,
        disks=first.disks,
        started_at=started,
        ended_at=clock.now(),
    )
    return replace(again, gaps=first.gaps)


def _lists(first: Reading, listed: list[Document | Unread]) -> list[Want]:
    ports = sorted({one.name.partition("/")[2] for one in listed})
    if not ports:
        return []
    return [
        ports_of(first.resource_id, first.project_id),
        Want("floatingips", "network", "/floatingips?" + urlencode({"port_id": ports}, doseq=True)),
    ]


def _rows(answer: Document | Unread, listed: list[Document | Unread]) -> Iterator[Document]:
    """Cut a list into the documents that single calls give; what cannot be listed gives none."""
    if not isinstance(answer, Document):
        return
    text = answer.body.decode()
    rows = [text[span.start : span.end] for span in spans(text) if span.path[:-1] == (answer.name,)]
    wanted = {one.name for one in listed}
    if answer.name == "ports":
        for row in rows:
            if (name := f"port/{json.loads(row).get('id')}") in wanted:
                yield replace(answer, name=name, body=f'{{"port":{row}}}'.encode())
        return
    for name in wanted:
        if name.startswith("floatingips/"):
            mine = [row for row in rows if json.loads(row).get("port_id") == name.partition("/")[2]]
            yield replace(answer, name=name, body=f'{{"floatingips":[{",".join(mine)}]}}'.encode())
