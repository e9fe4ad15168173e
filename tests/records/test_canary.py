"""Secrets that were planted in a server are nowhere on the disk, in the clear or in a common disguise of it."""

import base64
import json

import pytest

from opencbr.model.secrets import VERBATIM
from records.protected import close, documents, protect, rows, server_reading
from records.templates import EXPORT, LOGS, PASSWORD, USER_DATA
from store.samples import NOW, PROJECT

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])  # whose files can be read

SECRETS = [
    USER_DATA,
    base64.b64decode(USER_DATA).decode(),
    "canary-hush",
    PASSWORD,
    json.loads(f'"{PASSWORD}"'),
    "canary-p",
    'ss\\"word',
    "canary-image",
    "ZWV5SmlZV05yZFhC",
    "compute1@ceph",
    "instance-00000001",
    "fa:16:3e:cc:cb:61",  # no secret, but inside the record alone: it is sealed as a whole
]
READING = server_reading(resource_name="name-in-clear")
PARTS = {"after": server_reading(), "export": documents({f"export/{LOGS}": EXPORT})}


def disguises(secret):
    """A secret as it might lie in a file: as it is, escaped, in another encoding, in base64 at each of three offsets."""
    plain = secret.encode()
    yield from (plain, plain.hex().encode(), json.dumps(secret)[1:-1].encode(), secret.encode("utf-16-le"))
    for offset in range(3):
        # The characters at the ends depend on the neighbours.
        yield base64.b64encode(b"\0" * offset + plain)[4:-4]


def found(folder, *secrets):
    """Which of these lie in the clear in a file of the folder, and where."""
    contents = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {
        (name, secret)
        for secret in secrets
        for disguise in disguises(secret)
        for name, content in contents.items()
        if len(disguise) > 5 and disguise in content
    }


def test_no_secret_is_on_the_disk_at_any_step(database, records, tmp_path):
    top, children = rows(database, READING)
    for part, what in {"before": READING, **PARTS}.items():
        records.keep(PROJECT, top.id, part, what)
        assert found(tmp_path, *SECRETS) == set()
    close(database, records, top, children)
    assert found(tmp_path, *SECRETS) == set()
    with database.write() as conn:
        records.bury(conn, PROJECT, top.id, NOW)
    assert found(tmp_path, *SECRETS) == set()
    assert found(tmp_path, "name-in-clear") != set()


def test_nor_when_the_journal_was_written_back(database, records, tmp_path):
    protect(database, records, READING, **PARTS)
    records.shut()
    database.dispose()
    assert not (tmp_path / "opencbr.db-wal").exists()
    assert found(tmp_path, *SECRETS) == set()
    assert {name for name, _ in found(tmp_path, "name-in-clear")} == {"opencbr.db"}


def test_the_secrets_were_there_to_be_found(database, records, tmp_path):
    top, _, _ = protect(database, records, READING, **PARTS)
    sent = json.dumps(records.export(PROJECT, top.id, VERBATIM)["documents"], ensure_ascii=False)
    (tmp_path / "export.json").write_text(sent)
    encoded = {SECRETS[4]}  # is in the bodies in another spelling
    assert {secret for _, secret in found(tmp_path, *SECRETS)} == set(SECRETS) - encoded
