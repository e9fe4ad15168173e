"""The verdict of a record, and the report that tells what became of every document."""

from dataclasses import replace
from itertools import product

import pytest

from opencbr.model.manifest import build_manifest
from opencbr.model.record import Drift
from opencbr.model.report import NOT_COMPARED, find_drift, report_of, verdict
from support.sample_record import RECORD

UNREAD = RECORD.unread[0]
DRIFT = Drift("server", "server.name", '"a"', '"b"')


@pytest.mark.parametrize(
    ("unread", "hidden", "gaps", "drift"),
    list(product([(), (UNREAD,)], [(), ("port/1:binding:host_id",)], [(), (NOT_COMPARED,)], [(), (DRIFT,)])),
)
def test_drift_outweighs_what_lacks_and_anything_that_lacks_makes_it_partial(unread, hidden, gaps, drift):
    expected = "drifted" if drift else "partial" if unread or hidden or gaps else "complete"
    assert verdict(unread=unread, hidden=hidden, gaps=gaps, drift=drift) == expected


def test_a_report_names_every_document_once_read_or_not():
    report = report_of(build_manifest(RECORD), {})
    names = [page.document.name for page in RECORD.pages]
    assert [one["name"] for one in report["documents"]] == [*names, "keypair"]
    assert [one["outcome"] for one in report["documents"]] == ["read", "read", "read", "absent"]


def test_a_report_tells_the_call_behind_each_document():
    calls = ("name", "service", "method", "path", "microversion", "status", "request_id", "read_at")
    read = {
        "service": "volume",
        "method": "GET",
        "path": RECORD.pages[1].document.path,
        "microversion": None,
        "status": 200,
        "request_id": None,
        "read_at": "2026-11-24T05:00:24.099568",
    }
    absent = {
        "service": "compute",
        "method": "GET",
        "path": "/os-keypairs/k",
        "microversion": "2.104",
        "status": 404,
        "request_id": "req-x",
        "read_at": "2026-11-24T05:00:23.979568",
    }
    documents = report_of(build_manifest(RECORD), {})["documents"]
    for document, expected in ((documents[1], read), (documents[3], absent)):
        assert {key: document[key] for key in calls} == {"name": document["name"], **expected}
        assert set(document) == {*calls, "outcome", "masked", "places"}


def test_a_report_says_which_classes_are_masked_where_and_nothing_of_them():
    report = report_of(build_manifest(RECORD), {})
    assert [one["masked"] for one in report["documents"]] == [
        ["infrastructure", "secrets"],
        ["secrets"],
        [],
        [],
    ]
    assert "hush" not in repr(report)
    assert "compute1" not in repr(report)


def test_the_rest_of_a_report_is_the_manifests():
    manifest = build_manifest(RECORD)
    report = report_of(manifest, {})
    same = "backup_id resource verdict started_at ended_at closed_at hidden gaps drift disk_backups"
    for name in same.split():
        assert report[name] == manifest[name], name
    assert set(report) == {*same.split(), "documents"}


def test_a_document_that_could_not_be_read_again_has_its_outcome_as_drift():
    denied = replace(UNREAD, name="port/1", outcome="denied")
    assert find_drift({"port/1": b"{}"}, {}, (denied,)) == (Drift("port/1", "", '"read"', '"denied"'),)
    assert find_drift({}, {"port/1": b"{}"}, ()) == (Drift("port/1", "", '"absent"', '"read"'),)


def test_drift_in_masked_values_shows_fingerprints():
    before, after = (
        b'{"server":{"OS-EXT-SRV-ATTR:user_data":"(masked secret %s)"}}' % mark for mark in (b"a", b"b")
    )
    assert find_drift({"server": before}, {"server": after}, ()) == (
        Drift("server", "server.OS-EXT-SRV-ATTR:user_data", '"(masked secret a)"', '"(masked secret b)"'),
    )


def test_what_no_parser_reads_has_moved_as_a_whole():
    huge = b'{"server":{"x":%s}}' % (b"9" * 5000)
    assert find_drift({"server": huge}, {"server": huge}, ()) == ()
    assert find_drift({"server": huge}, {"server": b"{}"}, ()) == (Drift("server", "", None, None),)
