"""Vaults by any combination of tag filters, against a slow and obvious reference (contract 5.9)."""

from itertools import combinations, product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opencbr.model.lists import Page, TagFilter, Tags, VaultFilter
from opencbr.store import vaults
from store.samples import OTHER, PROJECT, vault

KEYS, VALUES = ("a", "b", "A"), ("", "1", "2")
BORNE = [
    tuple(zip(keys, values, strict=True))
    for count in range(len(KEYS) + 1)
    for keys in combinations(KEYS, count)
    for values in product(VALUES, repeat=count)
]
"""Each set of tags that can be borne with these keys and values."""


@pytest.fixture(name="tagged")
def _tagged(database):
    with database.write() as conn:
        for number, tags in enumerate(BORNE):
            vaults.insert(conn, vault(name=f"v-{number}", tags=tags))
            vaults.insert(conn, vault(name=f"v-{number}", tags=tags, project_id=OTHER))
        held = vault(name="held", tags=BORNE[-1])
        vaults.insert(conn, held)
        vaults.update(conn, PROJECT, held.id, held_at=held.created_at)
    return database


def bears(tags: dict[str, str], key: str, values: tuple[str, ...]) -> bool:
    return key in tags and (not values or tags[key] in values)


def fits(tags: dict[str, str], wanted: TagFilter) -> bool:
    if wanted.untagged:
        return not tags

    def each(those: Tags) -> list[bool]:
        return [bears(tags, key, values) for key, values in those]

    return (
        all(each(wanted.every))
        and (not wanted.any or any(each(wanted.any)))
        and (not wanted.not_every or not all(each(wanted.not_every)))
        and not any(each(wanted.not_any))
    )


_values = st.lists(st.sampled_from((*VALUES, "nowhere", "\0")), max_size=3).map(tuple)
_tags = st.lists(st.tuples(st.sampled_from((*KEYS, "nowhere")), _values), max_size=3).map(tuple)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(
    wanted=st.builds(
        TagFilter,
        every=_tags,
        any=_tags,
        not_every=_tags,
        not_any=_tags,
        untagged=st.sampled_from((False,) * 9 + (True,)),
    ),
    limit=st.integers(1, 50),
    offset=st.integers(0, 50),
)
def test_what_is_found_is_what_the_reference_finds(tagged, wanted, limit, offset):
    expected = [f"v-{n}" for n, tags in enumerate(BORNE) if fits(dict(tags), wanted)]
    page = Page(limit, offset, sort=(("created_at", "asc"),))
    with tagged.read() as conn:
        listing = vaults.list(conn, PROJECT, VaultFilter(tags=wanted), Page(1000))
        part = vaults.list(conn, PROJECT, VaultFilter(tags=wanted), page)
    assert sorted(one.name for one in listing.items) == sorted(expected)
    assert listing.count == part.count == len(expected)
    assert len(part.items) == len(expected[offset : offset + limit])
