"""Tags of vaults: kept in the order they were given, and vaults found by them (contract 5.9)."""

import pytest
from sqlalchemy import func, select

from opencbr.model.lists import Page, TagFilter, VaultFilter
from opencbr.store import tables, vaults
from store.samples import OTHER, PROJECT, vault

TAGGED = {
    "none": (),
    "db": (("team", "db"), ("env", "prod")),
    "web": (("team", "web"), ("env", "prod")),
    "test": (("env", "test"), ("team", "db"), ("empty", "")),
}


@pytest.fixture
def tagged(database):
    with database.write() as conn:
        for name, tags in TAGGED.items():
            vaults.insert(conn, vault(name=name, tags=tags))
        vaults.insert(conn, vault(name="foreign", project_id=OTHER, tags=(("team", "db"),)))
    return database


def found(database, wanted: VaultFilter) -> set[str]:
    with database.read() as conn:
        listing = vaults.list(conn, PROJECT, wanted, Page(10))
        assert listing.count == len(listing.items)
    return {one.name for one in listing.items}


def test_tags_come_back_in_their_order_and_go_with_the_vault(tagged):
    with tagged.write() as conn:
        for one in vaults.list(conn, PROJECT, VaultFilter(), Page(10)).items:
            assert one.tags == TAGGED[one.name]
            assert vaults.get(conn, PROJECT, one.id) == one
            assert vaults.delete(conn, PROJECT, one.id)
        left = conn.execute(select(tables.vault_tag.c.project_id)).scalars().all()
    assert left == [OTHER]


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (TagFilter(every=(("team", ("db",)),)), {"db", "test"}),
        (TagFilter(every=(("team", ("db",)), ("env", ("prod",)))), {"db"}),
        (TagFilter(every=(("team", ("db", "web")), ("env", ("prod", "none")))), {"db", "web"}),
        (TagFilter(every=(("team", ()),)), {"db", "web", "test"}),
        (TagFilter(every=(("empty", ("",)),)), {"test"}),
        (TagFilter(every=(("TEAM", ()),)), set()),
        (TagFilter(every=(("te\0am", ()),)), set()),
        (TagFilter(any=(("team", ("web",)), ("env", ("test",)))), {"web", "test"}),
        (TagFilter(not_every=(("team", ("db",)), ("env", ("prod",)))), {"none", "web", "test"}),
        (TagFilter(not_any=(("team", ("web",)), ("env", ("test",)))), {"none", "db"}),
        (TagFilter(any=(("env", ("prod",)),), not_any=(("team", ("web",)),)), {"db"}),
        (TagFilter(untagged=True), {"none"}),
        (TagFilter(untagged=True, every=(("team", ("db",)),)), {"none"}),
    ],
)
def test_vaults_by_tags(tagged, wanted, names):
    assert found(tagged, VaultFilter(tags=wanted)) == names


@pytest.mark.parametrize(
    ("part", "names"),
    [("e", {"none", "web", "test"}), ("es", {"test"}), ("E", set()), ("%", set()), ("_", set()), ("", set())],
)
def test_vaults_by_a_part_of_their_name(tagged, part, names):
    assert found(tagged, VaultFilter(name_part=part)) == names


def test_tags_narrow_what_other_filters_give(tagged):
    wanted = VaultFilter(names=("db", "web"), tags=TagFilter(every=(("env", ("prod",)), ("team", ("web",)))))
    assert found(tagged, wanted) == {"web"}
    with tagged.read() as conn:
        assert conn.execute(select(func.count()).select_from(tables.vault_tag)).scalar_one() == 8
