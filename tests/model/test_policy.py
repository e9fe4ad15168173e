"""What a policy keeps: members that go together, and changes that keep less (contract 5.6)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opencbr.model.policy import LONG_TERM, check_definition, shortens

LONG = {"max_backups": 5, "week_backups": 2}

counts = st.integers(1, 99_999)
kept = st.fixed_dictionaries({}, optional=dict.fromkeys(LONG_TERM, st.integers(0, 100)))
definitions = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"retention_duration_days": counts | st.just(-1)}),
    st.builds(
        lambda most, long: {"max_backups": most, "timezone": "UTC+01:00"} | long, counts | st.just(-1), kept
    ),
)


@given(definitions)
def test_what_goes_together_is_accepted_and_the_same_again_keeps_no_less(definition):
    check_definition(definition)
    assert not shortens(definition, definition)


@given(definitions, definitions)
def test_two_definitions_keep_less_one_way_at_most_when_they_are_of_one_form(one, other):
    if one.keys() == other.keys() and len(one) == 1:
        assert not (shortens(one, other) and shortens(other, one))


@pytest.mark.parametrize(
    ("old", "new", "less"),
    [
        ({}, {"max_backups": 5}, True),
        ({"max_backups": 5}, {}, False),
        ({"max_backups": 5}, {"max_backups": -1}, False),
        ({"max_backups": -1}, {"max_backups": 99_999}, True),
        ({"max_backups": 5}, {"max_backups": 6}, False),
        ({"max_backups": 5}, {"retention_duration_days": 500}, True),
        ({"retention_duration_days": 7}, {"retention_duration_days": 6}, True),
        ({"max_backups": 5, "week_backups": 2}, {"max_backups": 9}, True),
        ({"max_backups": 5}, {"max_backups": 5, "week_backups": 2}, False),
        ({"max_backups": 5, "week_backups": 0}, {"max_backups": 5}, False),
        (LONG | {"timezone": "UTC+00:00"}, LONG | {"timezone": "UTC+08:00"}, True),
        (LONG | {"timezone": "UTC+00:00"}, LONG | {"timezone": "UTC+00:00", "max_backups": 6}, False),
        ({"max_backups": 5, "timezone": "UTC+00:00"}, {"max_backups": 5, "timezone": "UTC+08:00"}, False),
    ],
)
def test_what_may_keep_a_backup_for_a_shorter_time(old, new, less):
    assert shortens(old, new) is less


@pytest.mark.parametrize(
    ("definition", "member"),
    [
        ({"max_backups": 1, "retention_duration_days": 1}, "retention_duration_days"),
        ({"retention_duration_days": 0}, "retention_duration_days"),
        ({"retention_duration_days": 1, "day_backups": 1, "timezone": "UTC+00:00"}, "day_backups"),
        ({"max_backups": 1, "month_backups": 1}, "month_backups"),
        ({"max_backups": 0, "month_backups": 0}, "max_backups"),
        ({"timezone": "UTC+15:00"}, "timezone"),
        ({"timezone": "UTC+8:000"}, "timezone"),
    ],
)
def test_what_contradicts_itself_is_named(definition, member):
    with pytest.raises(ValueError, match=f"^{member}: "):
        check_definition(definition)
