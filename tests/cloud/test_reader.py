"""Lists and single reads across projects."""

import pytest

from opencbr.cloud.errors import NotFound, Unreachable
from opencbr.cloud.reader import pages
from opencbr.model.document import Document, Unread

from .clouds import CloudEnv


def test_servers_of_one_project_only(env: CloudEnv):
    reader = env.cloud.reader()
    assert {s["name"] for s in reader.list_servers(env.project_id)} == {"db1", "web1", "café-文"}
    assert {s["name"] for s in reader.list_servers(env.other_project_id)} == {"foreign1"}
    assert reader.list_servers("f" * 32) == []


def test_servers_by_name_status_and_page(env: CloudEnv):
    reader = env.cloud.reader()
    assert [s["name"] for s in reader.list_servers(env.project_id, name="b1")] != []
    assert reader.list_servers(env.project_id, name="d.1") == []
    assert [s["name"] for s in reader.list_servers(env.project_id, name="café-文")] == ["café-文"]
    assert reader.list_servers(env.project_id, status="SHUTOFF") == []
    names, marker = [], None
    while page := reader.list_servers(env.project_id, limit=1, marker=marker):
        assert len(page) == 1
        names.append(page[0]["name"])
        marker = page[0]["id"]
    assert sorted(names) == sorted(s["name"] for s in reader.list_servers(env.project_id))


def test_volumes_by_server_name_and_project(env: CloudEnv):
    reader = env.cloud.reader()
    attached = reader.list_volumes(env.project_id, server_id=env.server_id("db1"))
    assert {v["name"] for v in attached} == {"db1-root", "db1-data", "db1-archive"}
    assert {v["name"] for v in reader.list_volumes(env.project_id, name="db1-d")} == {"db1-data"}
    assert {v["name"] for v in reader.list_volumes(env.other_project_id)} == {"foreign-root"}
    foreign = env.server_id("foreign1", env.other_project_id)
    assert reader.list_volumes(env.project_id, server_id=foreign) == []


def test_one_that_is_not_there(env: CloudEnv):
    with pytest.raises(NotFound):
        env.cloud.reader().get_server("00000000-0000-0000-0000-000000000000")
    with pytest.raises(NotFound):
        env.cloud.reader().get_volume("../servers")


def test_a_document_knows_its_call(env: CloudEnv):
    document = env.cloud.reader().document("flavor", "compute", "/flavors/1", "2.46")
    assert isinstance(document, Document)
    assert (document.service, document.path, document.microversion) == ("compute", "/flavors/1", "2.46")
    [call] = env.demo.calls.find("compute", "GET", "/flavors/1")
    assert document.request_id == call.request_id


@pytest.mark.parametrize(("status", "outcome"), [(401, "denied"), (403, "denied"), (404, "absent")])
def test_a_document_that_cannot_be_had(env: CloudEnv, status, outcome):
    env.demo.faults.inject(service="compute", path="/flavors/1", status=status, times=0)
    unread = env.cloud.reader().document("flavor", "compute", "/flavors/1", "2.46")
    assert isinstance(unread, Unread)
    assert (unread.status, unread.outcome) == (status, outcome)


def test_a_janitor_s_list_goes_over_all_pages(env: CloudEnv, monkeypatch):
    from opencbr.cloud import made_things as module

    monkeypatch.setattr(module, "_PAGE", 2)
    project = env.cloud.project(env.project_id)
    volume = env.volume_id("db1-data")
    made = {project.create_snapshot(volume, f"many-{n}").id for n in range(5)}
    rows = module.snapshots(env.cloud.reader(), "many-")
    assert len(rows) == 5
    assert {row.id for row in rows} == made
    for id_ in made:
        project.delete_snapshot(id_)


@pytest.mark.parametrize("again", [[["a", "b"]], [["a"], ["b"], ["c", "a"]]], ids=["one page", "a circle"])
def test_a_list_whose_pages_come_again_ends(again):
    """A cloud that ignores the marker gave the janitor the same page for ever."""
    asked = []

    def page(marker):
        assert len(asked) < 10, "no end"
        asked.append(marker)
        return [{"id": id_} for id_ in again[(len(asked) - 1) % len(again)]]

    with pytest.raises(Unreachable, match="again and again"):
        list(pages(page, "volume", "/snapshots/detail"))
