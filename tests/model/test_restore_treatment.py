"""The table of how a new server treats captured fields knows every field of every recorded body."""

import json
from pathlib import Path

import pytest

from opencbr.cloud.references import ENVELOPE
from opencbr.model.restore_plan.captured import fields
from opencbr.model.restore_plan.treatment import REASONS, TREATMENTS, treatment_of

from .test_reference_fields import DATA, OTHER_BODIES, _documents

NOT_KEPT = {"ports", "router_ports", "project_floatingips", "volume_types"}
"""Read to find others, and kept in no record."""
_FILES = sorted(file for file in (*DATA.glob("*.json"), *DATA.glob("pairs/*.json")))


def bodies(file: Path):
    """Yield the documents of a recorded body: kind and body; each port of a list is a port of its own."""
    body = json.loads(file.read_text())
    if file.parent.name == "pairs":
        yield file.stem.partition("-")[0], body
        return
    if "volume_type_id" in body:
        yield "encryption", body
        return
    for kind, one in _documents(body):
        if kind == "ports":
            yield from (("port", {"port": port}) for port in one["ports"])
        else:
            yield kind, one


def recorded():
    return [file for file in _FILES if file.parent.name == "pairs" or not OTHER_BODIES.match(file.name)]


@pytest.mark.parametrize("file", recorded(), ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_every_recorded_field_has_a_treatment(file: Path):
    unhandled = [
        f"{kind}: {'/'.join(path)}"
        for kind, body in bodies(file)
        for path, _ in fields(body)
        if treatment_of(kind, path) is None
    ]
    assert unhandled == [], "add them to opencbr/model/restore_plan/treatment.py"


def test_the_recorded_bodies_are_of_nearly_every_kind():
    kinds = {kind for file in recorded() for kind, _ in bodies(file)}
    assert TREATMENTS.keys() - kinds <= {"export", "root_image", "server_group", "subport"}


def test_every_kind_that_a_record_keeps_is_in_the_table():
    kept = {kind.partition("@")[0] for kind in ENVELOPE} - NOT_KEPT
    assert kept == TREATMENTS.keys() - {"export", "root_image"}  # what backups themselves made


def test_a_field_that_nobody_thought_of_is_unhandled():
    assert treatment_of("server", ("server", "OS-NEW:thing")) is None
    assert treatment_of("a kind of tomorrow", ("x",)) is None


def test_every_treatment_has_its_words():
    used = {treatment for rows in TREATMENTS.values() for treatment in rows.values()}
    assert used - REASONS.keys() == {"names", "impossible"}
