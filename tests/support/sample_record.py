"""One record with every kind of part in it, as the program sees it."""

import hashlib
import json
from datetime import UTC, datetime, timedelta

from opencbr.model.document import Disk, Document, Unread
from opencbr.model.record import DiskBackup, Drift, Record, page_of
from opencbr.model.secrets import mask

_AT = datetime(2026, 11, 24, 5, 0, 23, 979568, tzinfo=UTC)
_SERVER, _ROOT, _DATA = (f"{n}0000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))


def _fingerprint(value: bytes) -> str:
    """Give any mark: how values are marked is the masking's affair, the format takes every text."""
    return "0123456789abcdef"


def _document(name: str, path: str, body: str, **fields: object) -> Document:
    given = {"service": "compute", "method": "GET", "microversion": "2.1", "status": 200}
    call = {**given, "request_id": f"req-{_SERVER}", "read_at": _AT + timedelta(milliseconds=120), **fields}
    return Document(name=name, path=path, body=body.encode(), **call)  # type: ignore[arg-type]


DOCUMENTS = (
    _document(
        "server",
        f"/servers/{_SERVER}",
        '{"server": {"name": "Datenbank-\u20ac", "OS-EXT-SRV-ATTR:host": "compute1", '
        '"OS-EXT-SRV-ATTR:user_data": "I2Nsb3VkLWNvbmZpZwo=" , "metadata": {}}}',
    ),
    _document(
        f"volume/{_ROOT}",
        f"/volumes/{_ROOT}",
        '{"volume":{"id":"%s","metadata":{"db_password":"hush"}}}' % _ROOT,  # noqa: UP031 -- braces all over
        service="volume",
        microversion=None,
        request_id=None,
    ),
    _document("flavor", "/flavors/1?a=b&c=%2F", '\n{ "flavor": {"ram": 256, "rxtx_factor": 1.0} }\t'),
)

RECORD = Record(
    backup_id="b0000000-0000-4000-8000-00000000000b",
    project_id="5" * 32,
    resource_id=_SERVER,
    resource_type="OS::Nova::Server",
    resource_name='Datenbank-\u20ac "x"\n',
    availability_zone="nova",
    started_at=_AT,
    ended_at=_AT + timedelta(seconds=1),
    closed_at=_AT + timedelta(hours=1, microseconds=1),
    verdict="drifted",
    pages=tuple(page_of(one, mask(one.name, one.body, _fingerprint)) for one in DOCUMENTS),
    unread=(
        Unread(
            name="keypair",
            service="compute",
            method="GET",
            path="/os-keypairs/k",
            microversion="2.104",
            status=404,
            request_id="req-x",
            read_at=_AT,
            outcome="absent",
        ),
    ),
    hidden=("network/1:provider:network_type",),
    gaps=("The root disk is not a volume and is not in this backup: the server boots from an image.",),
    drift=(Drift("server", "server.name", '"a"', json.dumps("\u20ac")), Drift("flavor", "", None, None)),
    disks=(
        Disk(
            volume_id=_ROOT,
            position=0,
            size_gb=1,
            name="",
            device="/dev/sda",
            bootable=True,
            encrypted=False,
            availability_zone="nova",
        ),
        Disk(
            volume_id=_DATA,
            position=1,
            size_gb=10_485_760,
            name="db-data",
            device=None,
            bootable=False,
            encrypted=True,
            availability_zone=None,
        ),
    ),
    disk_backups=(
        DiskBackup(
            backup_id="c0000000-0000-4000-8000-00000000000c",
            volume_id=_ROOT,
            position=0,
            size_gb=1,
            stored_mb=1024,
            cinder_backup_id="d0000000-0000-4000-8000-00000000000d",
            is_incremental=True,
            based_on=None,
        ),
    ),
    salt=bytes(range(32, 48)),
    signer="03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8",
    sequence=7,
    previous=hashlib.sha256(b"the record before").digest(),
)
