"""Backups of the embedded cloud, as the API tells of them: really captured, sealed, signed, and asked for over HTTP."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from api.api_server import ApiServer
from opencbr.cloud.second_reading import read_again
from opencbr.console.backup.answers import Answers
from opencbr.model.document import Reading
from opencbr.records.drafts import BEFORE, IMAGE
from support.databases import Databases

from .recorded import ROOT_IMAGE, answers_of, hostile_backup, rich_server


@pytest.fixture(scope="session", name="cbr")
def _cbr(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[ApiServer]:
    with rich_server(tmp_path_factory.mktemp("console"), databases) as cbr:
        yield cbr


@pytest.fixture(scope="session", name="rich")
def _rich(cbr: ApiServer) -> Answers:
    """The server `rich` as a plain member of its project sees it: masked."""
    return answers_of(cbr, cbr.protected("rich").id)


@pytest.fixture(scope="session", name="hostile")
def _hostile(cbr: ApiServer) -> Answers:
    return answers_of(cbr, hostile_backup(cbr).id)


@pytest.fixture(scope="session", name="from_image")
def _from_image(cbr: ApiServer) -> Answers:
    """A server that boots from an image: its root disk is in no backup."""
    return answers_of(cbr, cbr.protected("web1").id)


@pytest.fixture(scope="session", name="imaged")
def _imaged(cbr: ApiServer) -> Answers:
    """The same server in a backup that has an image of its root disk."""
    keep = cbr.records.keep

    def kept(project_id: str, backup_id: str, part: str, reading: Reading) -> None:
        if part == BEFORE:
            (image,) = [one for one in reading.documents if one.name.startswith("image/")]
            own = replace(image, name=f"root_image/{ROOT_IMAGE}")
            keep(project_id, backup_id, IMAGE, replace(reading, documents=(own,), gaps=()))
        keep(project_id, backup_id, part, reading)

    cbr.records.keep = kept
    try:
        return answers_of(cbr, cbr.protected("web1").id)
    finally:
        cbr.records.keep = keep


@pytest.fixture(scope="session", name="partial")
def _partial(cbr: ApiServer) -> Answers:
    """The server `db1` on a cloud that refuses routers and security groups, and moved while its disks were copied."""
    keep, backend = cbr.records.keep, cbr.cloud.backend

    def describe(text: str) -> None:
        with backend.state.change():
            server = backend.state.find("server", name="db1")
            backend.state.put("server", server | {"description": text})

    def kept(project_id: str, backup_id: str, part: str, reading: object) -> None:
        if part == "after":
            describe("changed meanwhile")
            reading = read_again(cbr.adapter.reader(), reading, cbr.clock)
        keep(project_id, backup_id, part, reading)

    for path in ("/routers/", "/security-groups/"):
        cbr.cloud.faults.inject(service="network", path=path, status=403, times=0)
    cbr.records.keep = kept
    try:
        return answers_of(cbr, cbr.protected("db1").id)
    finally:
        cbr.records.keep = keep
        describe("PostgreSQL of the shop")
        cbr.cloud.faults.clear()
