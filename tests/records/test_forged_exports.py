"""Whatever is changed in an export, verifying it says so in a sentence and falls over nothing."""

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opencbr.model.field_classes import SECRETS
from opencbr.model.secrets import MASKED, VERBATIM
from opencbr.records.offline_verification import read_export, verify_export
from records.protected import documents, protect, server_reading
from records.templates import EXPORT, LOGS
from store.samples import PROJECT

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])  # what is checked here is a file


@pytest.fixture(name="export")
def _export(database, records):
    """Give the record of a server in a view, as a file holds it."""
    found = documents({f"export/{LOGS}": EXPORT})
    top, _, _ = protect(database, records, server_reading(), after=server_reading(), export=found)
    return lambda view: json.loads(json.dumps(records.export(PROJECT, top.id, view)))


def leaves(value, path=()):
    """Every place in an export that holds a text, a number or nothing."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, (*path, key))
    else:
        yield path, value


def put(export, path, value):
    """Change an export in one place; give what stood there."""
    for step in path[:-1]:
        export = export[step]
    before, export[path[-1]] = export[path[-1]], value
    return before


def turned(value):
    """Another value of the same kind."""
    if isinstance(value, str):
        middle = len(value) // 2
        new = "1" if value[middle : middle + 1] == "0" else "0"
        alike = {value + " ", f" {value}", value.upper()} - {value}
        return [
            value[:middle] + new + value[middle + 1 :],
            value + "0",
            *([value[:-1]] if value else []),
            *alike,
        ]
    return ["x"] if value is None else [not value] if isinstance(value, bool) else [value + 1]


@pytest.mark.parametrize("view", [MASKED, VERBATIM], ids=["masked", "verbatim"])
def test_no_value_of_an_export_can_be_changed(export, records, view):
    exported = export(view)
    unseen, count = [], 0
    for path, value in list(leaves(exported)):
        for other in turned(value):
            put(exported, path, other)
            problems = verify_export(exported, records.public_key)
            count += 1
            if not problems or not all(isinstance(one, str) and one for one in problems):
                unseen.append((path, value, other, problems))
            put(exported, path, value)
    assert unseen == []
    assert verify_export(exported, records.public_key) == []
    assert count > 600


CHANGES = {
    "a class stands twice in the view": lambda e: e.update(view=[*e["view"], *e["view"]]),
    "the view is a map": lambda e: e.update(view=dict.fromkeys(e["view"])),
    "the view is in another order": lambda e: e.update(view=e["view"][::-1]),
    "a document is dropped": lambda e: e["documents"].pop(3),
    "a document is dropped everywhere": lambda e: (e["documents"].pop(3), e["manifest"]["documents"].pop(3)),
    "a document is added": lambda e: e["documents"].append({"name": "x", "body": "{}"}),
    "a document is added everywhere": lambda e: (
        e["documents"].append({"name": "x", "body": "{}"}),
        e["manifest"]["documents"].append({**e["manifest"]["documents"][-1], "name": "x"}),
    ),
    "a document stands there twice": lambda e: e["documents"].append(e["documents"][0]),
    "documents change places": lambda e: e["documents"].reverse(),
    "documents change places in the manifest": lambda e: e["manifest"]["documents"].reverse(),
    "disks change places": lambda e: e["manifest"]["disks"].reverse(),
    "two documents change names": lambda e: put(
        e, ("documents", 0, "name"), put(e, ("documents", 1, "name"), e["documents"][0]["name"])
    ),
    "a salt is dropped": lambda e: e["documents"][0].pop("salt"),
    "a salt is added": lambda e: e["documents"][1].update(salt="00" * 32),
    "the chain is dropped": lambda e: e["manifest"].pop("chain"),
    "the manifest has one member more": lambda e: e["manifest"].update(note="x"),
    "a member that nobody signed is added": lambda e: e.update(verdict="complete"),
    "a document gets such a member": lambda e: e["documents"][1].update(read_at="2026-01-01"),
    "the view is narrower": lambda e: e.update(view=[SECRETS]),
    "the view names what there is not": lambda e: e["view"].append("everything"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_nor_can_it_be_built_anew(export, records, change):
    exported = export(VERBATIM)
    change(exported)
    problems = verify_export(exported, records.public_key)
    assert problems
    assert all(problems)


def test_no_member_of_an_export_can_be_left_out(export, records):
    for name in export(VERBATIM):
        exported = export(VERBATIM)
        del exported[name]
        (problem,) = verify_export(exported, records.public_key)
        assert problem.startswith("this is no record of format opencbr.record/1"), name


def test_a_member_that_stands_twice_is_refused(export):
    text = json.dumps(export(VERBATIM))
    assert read_export(text)
    for doubled in (
        text.replace('{"format"', '{"format": "x", "format"', 1),
        text.replace('"verdict": ', '"verdict": "partial", "verdict": ', 1),
        text.replace('{"name"', '{"name": "x", "name"', 1),
    ):
        assert doubled != text
        with pytest.raises(ValueError, match="twice"):
            read_export(doubled)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def test_whatever_stands_in_a_file_the_verdict_is_a_sentence(export, records):
    exported = export(VERBATIM)
    nodes = {path[:size] for path, _ in leaves(exported) for size in range(1, len(path) + 1)}

    @settings(max_examples=300, deadline=None)
    @given(st.sampled_from(sorted(nodes, key=repr)), JSON)
    def check(path, value):
        spoiled = copy.deepcopy(exported)
        if put(spoiled, path, value) != value:
            problems = verify_export(spoiled, records.public_key)
            assert problems
            assert all(isinstance(one, str) and one for one in problems)

    check()
    for value in ([], None, 1, "x", {}, {key: {} for key in exported}):
        assert verify_export(value, records.public_key)
