"""What counts as moved between the two readings, and what does not."""

import json

import pytest

from opencbr.model.report import find_drift

SERVER = {
    "server": {
        "name": "db1",
        "updated": "2026-11-01T00:00:00Z",
        "metadata": {"links": "a"},
        "links": [{"rel": "self", "href": "http://one/servers/1"}],
        "addresses": {"net": [{"addr": "10.0.0.1"}, {"addr": "10.0.0.2"}]},
    }
}


def moved(**changes):
    after = {"server": SERVER["server"] | changes}
    found = find_drift({"server": json.dumps(SERVER).encode()}, {"server": json.dumps(after).encode()}, ())
    return [drift.field for drift in found]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"updated": "2026-11-02T00:00:00Z"},
        {"links": [{"rel": "self", "href": "http://two/servers/1"}]},
        {"addresses": {"net": [{"addr": "10.0.0.2"}, {"addr": "10.0.0.1"}]}},
    ],
)
def test_what_the_cloud_moves_by_itself_is_no_drift(changes):
    assert moved(**changes) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "db2"}, "server.name"),
        ({"metadata": {"links": "b"}}, "server.metadata.links"),
        ({"added": 1}, "server.added"),
        ({"addresses": {"net": [{"addr": "10.0.0.1"}]}}, "server.addresses.net"),
    ],
)
def test_a_change_is_named_by_its_field(changes, field):
    assert moved(**changes) == [field]


def test_a_document_that_has_gone_is_drift_and_one_at_the_newest_microversion_is_not_compared():
    body = json.dumps(SERVER).encode()
    gone = find_drift({"port/1": body, "server@2.96": body}, {}, ())
    assert [(drift.document, drift.after) for drift in gone] == [("port/1", '"absent"')]
