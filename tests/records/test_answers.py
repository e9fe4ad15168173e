"""What a closed record answers: the bodies as the cloud sent them, each reader in his view."""

import dataclasses
import json

import pytest

from opencbr.model.backup_member import backup_member
from opencbr.model.field_classes import INFRASTRUCTURE, SECRETS
from opencbr.model.secrets import MASKED, VERBATIM
from records.protected import disk_reading, documents, protect, server_reading
from records.templates import (
    BARE_PORT,
    DATA,
    LOGS,
    PORT,
    ROOT,
    USER_DATA,
    body,
    seen,
    server_templates,
    volume_templates,
)
from store.samples import NOW, OTHER, PROJECT

VIEWS = pytest.mark.parametrize(
    "view",
    [MASKED, frozenset({SECRETS}), frozenset({INFRASTRUCTURE}), VERBATIM],
    ids=["masked", "secrets", "infrastructure", "verbatim"],
)
NO_FLOATING_IPS = '{"floatingips":null}'


def answer(records, backup_id, view=MASKED, project=PROJECT):
    return records.answer(project, backup_id, view).body


def check(texts, templates, view):
    """Every text is its template in this view, to the byte; in the widest view it is the cloud's own body."""
    assert len(texts) == len(templates)
    for text, template in zip(texts, templates, strict=True):
        assert seen(template, view).fullmatch(text), text
        if view == VERBATIM:
            assert text.encode() == body(template)


@VIEWS
def test_a_server_is_answered_byte_for_byte(database, records, view):
    top, _, _ = protect(database, records, server_reading())
    shown = json.loads(answer(records, top.id, view))
    assert list(shown) == [
        "backup_id",
        "backups",
        "server",
        "volumes",
        "interface",
        "flavor",
        "ports",
        "floatingips",
    ]
    assert shown["backup_id"] == top.id
    known = server_templates()
    check(
        [shown[name] for name in ("server", "interface", "flavor")],
        [known[n] for n in ("server", "interface", "flavor")],
        view,
    )
    check(shown["volumes"], [known[f"volume/{one}"] for one in (ROOT, DATA, LOGS)], view)
    check(shown["ports"], [known[f"port/{one}"] for one in (PORT, BARE_PORT)], view)
    check(shown["floatingips"], [known[f"floatingips/{PORT}"], NO_FLOATING_IPS], view)


@VIEWS
def test_a_disk_of_a_server_has_the_servers_answer_narrowed_to_it(database, records, view):
    top, children, _ = protect(database, records, server_reading())
    whole = json.loads(answer(records, top.id, view))
    for index, child in enumerate(children):
        shown = json.loads(answer(records, child.id, view))
        ours = {**json.loads(whole["backups"]), "id": child.id, "parent_id": top.id}
        assert json.loads(shown["backups"]) == ours
        assert shown == {
            **whole,
            "backup_id": child.id,
            "backups": shown["backups"],
            "volumes": [whole["volumes"][index]],
        }


@VIEWS
def test_a_disk_is_answered_byte_for_byte_and_all_else_is_null(database, records, view):
    top, children, _ = protect(database, records, disk_reading())
    assert children == []
    shown = json.loads(answer(records, top.id, view))
    assert (shown["server"], shown["interface"], shown["flavor"]) == (None, None, None)
    assert (shown["ports"], shown["floatingips"]) == ([], [])
    check(shown["volumes"], [volume_templates()[f"volume/{DATA}"]], view)


def test_our_own_member_is_the_text_that_was_given(database, records):
    top, _, _ = protect(database, records, server_reading())
    shown = json.loads(answer(records, top.id))
    assert shown["backups"] == backup_member(dataclasses.replace(top, status="available", protected_at=NOW))


@VIEWS
def test_an_answer_is_json_without_white_space_of_ours(database, records, view):
    top, children, _ = protect(database, records, server_reading())
    for one in (top, *children):
        text = answer(records, one.id, view)
        assert text == json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":")).encode()


def test_documents_that_could_not_be_read_are_null_or_not_there(database, records):
    left_out = ("interface", "flavor", f"volume/{DATA}", f"port/{PORT}", f"floatingips/{PORT}")
    known = {name: text for name, text in server_templates().items() if name not in left_out}
    top, children, _ = protect(database, records, server_reading(documents=documents(known)))
    shown = json.loads(answer(records, top.id))
    assert (shown["interface"], shown["flavor"]) == (None, None)
    assert [len(shown[name]) for name in ("volumes", "ports", "floatingips")] == [2, 1, 1]
    assert json.loads(answer(records, children[1].id))["volumes"] == []


def test_a_server_without_ports_has_one_empty_list_of_floating_ips(database, records):
    known = {
        name: text
        for name, text in server_templates().items()
        if not name.startswith(("port/", "floatingips/"))
    }
    top, _, _ = protect(database, records, server_reading(documents=documents(known)))
    shown = json.loads(answer(records, top.id))
    assert (shown["ports"], shown["floatingips"]) == ([], [NO_FLOATING_IPS])


def test_a_secret_looks_the_same_in_all_records_of_a_project_and_in_no_others(database, records):
    shown = []
    for project in (PROJECT, PROJECT, OTHER):
        top, _, _ = protect(database, records, server_reading(project_id=project))
        server = json.loads(json.loads(answer(records, top.id, project=project))["server"])["server"]
        shown.append((server["OS-EXT-SRV-ATTR:user_data"], server["metadata"]["db_password"]))
    assert shown[0] == shown[1]
    assert not set(shown[0]) & set(shown[2])
    assert USER_DATA not in str(shown)
