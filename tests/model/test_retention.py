"""What a policy keeps: against a slow, obvious reference, and each reason once."""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opencbr.model.report import COMPLETE, DRIFTED, PARTIAL
from opencbr.model.retention.decide import decide
from opencbr.model.retention.decision import GOOD, Candidate, Decision
from opencbr.model.retention.forecast import forecast
from opencbr.model.retention.limits import PERIODS, Limits, limits_of, period_of, zone_of
from support.retention_reference import goes

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
STATUSES = ("available", "available", "available", "error", "restoring", "waiting_delete", "protecting")


def backup(days_ago: float, id_: str = "", **more: object) -> Candidate:
    """An automatic backup of some days ago; its id is the days unless told."""
    return replace(
        Candidate(id=id_ or f"{days_ago:g}", created_at=NOW - timedelta(days=days_ago)),
        **more,  # type: ignore[arg-type]
    )


def of(decisions: Collection[Decision]) -> dict[str, Decision]:
    return {one.backup_id: one for one in decisions}


def codes(decision: Decision) -> list[str]:
    return [reason.code for reason in decision.reasons]


moments = st.integers(0, 900).map(lambda hours: NOW - timedelta(hours=hours * 7))
candidates = st.lists(
    st.builds(
        Candidate,
        id=st.uuids().map(str),
        created_at=moments,
        status=st.sampled_from(STATUSES),
        verdict=st.sampled_from((COMPLETE, PARTIAL, DRIFTED, None)),
        is_automatic=st.integers(0, 4).map(bool),
        is_pinned=st.integers(0, 6).map(lambda n: n == 0),
        expired_at=st.one_of(
            st.none(), st.none(), st.none(), st.integers(-50, 50).map(lambda d: NOW + timedelta(days=d))
        ),
    ),
    max_size=30,
    unique_by=lambda one: one.id,
)
zones = st.integers(-12 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))
limits_ = st.one_of(
    st.builds(Limits, duration_days=st.integers(1, 300)),
    st.just(Limits()),
    st.builds(
        Limits,
        max_backups=st.integers(0, 12),
        periods=st.dictionaries(st.sampled_from(PERIODS), st.integers(1, 8)),
        zone=zones,
    ),
)


@given(candidates, limits_)
def test_what_goes_is_what_the_reference_says(all_: list[Candidate], limits: Limits) -> None:
    decided = of(decide(all_, limits, NOW))
    assert decided.keys() == {one.id for one in all_}
    for one in all_:
        assert (decided[one.id].outcome == "goes") == goes(one, all_, limits, NOW), (one, decided[one.id])
        assert decided[one.id].reasons


@given(candidates, limits_)
def test_carrying_it_out_leaves_a_good_backup_and_nothing_more_to_do(
    all_: list[Candidate], limits: Limits
) -> None:
    gone = {one.backup_id for one in decide(all_, limits, NOW) if one.outcome == "goes"}
    left = [one for one in all_ if one.id not in gone]
    lasting = [one for one in all_ if one.status in GOOD and one.expired_at is None]
    assert not lasting or max(lasting, key=lambda one: (one.created_at, one.id)) in left
    complete = [one for one in lasting if one.verdict == COMPLETE]
    assert not complete or max(complete, key=lambda one: (one.created_at, one.id)) in left
    again = {one.backup_id for one in decide(left, limits, NOW) if one.outcome == "goes"}
    assert not again


@given(candidates, limits_)
def test_no_order_of_the_backups_matters(all_: list[Candidate], limits: Limits) -> None:
    assert decide(all_, limits, NOW) == decide(all_[::-1], limits, NOW)


by_time = st.one_of(
    st.builds(Limits, duration_days=st.integers(1, 300)),
    st.builds(
        Limits,
        max_backups=st.just(0),
        periods=st.dictionaries(st.sampled_from(PERIODS), st.integers(1, 8), min_size=1),
        zone=zones,
    ),
)


@given(candidates, by_time, st.integers(1, 40))
def test_no_number_of_backups_made_today_pushes_out_what_days_or_a_duration_keep(
    all_: list[Candidate], limits: Limits, count: int
) -> None:
    """What a locked vault's policy protects by time stays, however often somebody lets it run; docs/design.md says so."""
    later = NOW + timedelta(minutes=1)
    nightly = [*all_, Candidate(id="tonight", created_at=NOW)]
    more = [Candidate(id=f"more {n}", created_at=NOW + timedelta(seconds=n)) for n in range(1, count + 1)]
    before = of(decide(nightly, limits, later))
    after = of(decide([*nightly, *more], limits, later))
    today = period_of(NOW, "day", limits.zone)
    earlier = [one.id for one in all_ if period_of(one.created_at, "day", limits.zone) != today]
    assert [before[id_].outcome for id_ in earlier] == [after[id_].outcome for id_ in earlier]


def test_a_count_alone_is_pushed_out_by_backups_made_on_purpose() -> None:
    """The limit that docs/design.md and docs/api.md tell of, and advise against in a locked vault."""
    nights = [backup(n) for n in range(1, 8)]
    more = [backup(n / 1000, f"more {n}") for n in range(7)]
    decided = of(decide([*nights, *more], Limits(max_backups=7), NOW))
    assert {decided[one.id].outcome for one in nights} == {"goes"}


# each reason


def test_a_count_keeps_the_newest_and_tells_their_place() -> None:
    decided = of(decide([backup(n) for n in range(1, 5)], Limits(max_backups=2), NOW))
    assert [decided[str(n)].outcome for n in range(1, 5)] == ["kept", "kept", "goes", "goes"]
    assert decided["1"].reasons[0].text == "kept because it is number 1 of the 2 newest"
    assert codes(decided["1"]) == ["among_newest", "last_good"]
    assert decided["4"].reasons[0].text == "goes: it is not among the 2 newest"


def test_the_newest_of_a_week_is_kept_in_the_days_of_the_zone() -> None:
    # Sunday evening in UTC is Monday in UTC+08:00: another week.
    sunday = datetime(2026, 11, 29, 17, tzinfo=UTC)
    saturday = sunday - timedelta(days=1)
    two = [Candidate(id="sat", created_at=saturday), Candidate(id="sun", created_at=sunday)]
    east = limits_of({"max_backups": 0, "week_backups": 2, "timezone": "UTC+08:00"})
    decided = of(decide(two, east, NOW))
    assert decided["sat"].reasons[0].data["name"] == "week 48 of 2026"
    assert decided["sun"].reasons[0].data["name"] == "week 49 of 2026"
    assert "newest of week 48 of 2026" in decided["sat"].reasons[0].text
    utc = limits_of({"max_backups": 0, "week_backups": 2, "timezone": "UTC+00:00"})
    assert of(decide(two, utc, NOW))["sat"].outcome == "goes"


def test_periods_without_a_backup_do_not_count() -> None:
    some = [backup(0), backup(40), backup(400)]
    decided = of(decide(some, limits_of({"max_backups": 0, "day_backups": 3, "timezone": "UTC+00:00"}), NOW))
    assert {one.outcome for one in decided.values()} == {"kept"}


def test_a_duration_says_the_day() -> None:
    decided = of(decide([backup(1), backup(5), backup(8)], Limits(duration_days=7), NOW))
    assert decided["5"].reasons[0].text == "kept for 7 days: goes on 2026-12-03 12:00 UTC"
    assert decided["5"].goes_at == datetime(2026, 12, 3, 12, tzinfo=UTC)
    assert decided["8"].outcome == "goes"
    assert codes(decided["8"]) == ["beyond_duration"]
    assert decided["1"].goes_at is None, "the last good one has no day"


def test_neither_limit_keeps_for_ever_whatever_the_periods_say() -> None:
    alone = limits_of({"day_backups": 1, "timezone": "UTC+00:00"})
    assert alone.is_endless
    decided = decide([backup(1), backup(2)], alone, NOW)
    assert all(codes(one)[0] == "endless" for one in decided)
    assert limits_of({"max_backups": -1, "retention_duration_days": -1}).is_endless, "trap T17"


def test_none_kept_leaves_the_last_good_one() -> None:
    decided = of(decide([backup(1, status="error"), backup(2), backup(3)], Limits(max_backups=0), NOW))
    assert codes(decided["2"]) == ["last_good"]
    assert decided["3"].outcome == "goes"
    assert decided["1"].outcome == "kept", "nothing newer than the failed one is good"


@pytest.mark.parametrize("verdict", [PARTIAL, DRIFTED])
def test_the_last_complete_one_stays_while_newer_ones_are_not(verdict: str) -> None:
    some = [backup(0.5, verdict=verdict), backup(1), backup(2), backup(3, verdict=verdict)]
    decided = of(decide(some, Limits(max_backups=1), NOW))
    assert codes(decided["0.5"]) == ["among_newest", "last_good"]
    assert (decided["1"].outcome, codes(decided["1"])) == ("kept", ["last_complete"])
    assert {decided["2"].outcome, decided["3"].outcome} == {"goes"}
    by_days = of(decide([backup(8, verdict=verdict), backup(9)], Limits(duration_days=7), NOW))
    assert {one.outcome for one in by_days.values()} == {"kept"}
    assert by_days["9"].goes_at is None, "it has no day while no other complete one is there"
    tomorrow = NOW + timedelta(days=1)
    assert forecast(some[:2], Limits(max_backups=1), [tomorrow]) == {"0.5": tomorrow, "1": tomorrow}


def test_a_manual_one_that_expires_is_not_the_last_good_one() -> None:
    soon = NOW + timedelta(days=1)
    decided = of(
        decide([backup(1, is_automatic=False, expired_at=soon), backup(9)], Limits(duration_days=7), NOW)
    )
    assert codes(decided["9"]) == ["last_good"]
    assert codes(decided["1"]) == ["until_expiry"]
    assert decided["1"].goes_at == soon


def test_pinned_manual_and_restored_ones_stay() -> None:
    some = [
        backup(1),
        backup(20, is_pinned=True),
        backup(21, is_automatic=False),
        backup(22, status="restoring"),
        backup(23, is_pinned=True, expired_at=NOW - timedelta(days=1)),
    ]
    decided = of(decide(some, Limits(max_backups=1), NOW))
    assert codes(decided["20"]) == ["pinned"]
    assert codes(decided["21"]) == ["manual"]
    assert decided["22"].outcome == "blocked"
    assert codes(decided["22"]) == ["in_use", "beyond_count"]
    assert decided["23"].outcome == "kept"


def test_a_time_of_its_own_stands_above_the_policy() -> None:
    some = [
        backup(1),
        backup(2, expired_at=NOW - timedelta(hours=1)),
        backup(30, expired_at=NOW + timedelta(days=3)),
    ]
    decided = of(decide(some, Limits(max_backups=3), NOW))
    assert codes(decided["2"]) == ["expired"]
    assert codes(decided["30"]) == ["until_expiry"]


def test_what_goes_names_the_incremental_that_stays_and_needs_it() -> None:
    chain = [
        backup(4, needed_by=frozenset({"3"})),
        backup(3, needed_by=frozenset({"held"})),
        backup(1),
        backup(5, needed_by=frozenset({"4"})),
    ]
    decided = of(decide(chain, Limits(max_backups=1), NOW, links={"held": ["1"]}))
    assert [decided[n].needed_by for n in ("5", "4", "3", "1")] == ["1", "1", "1", None]
    assert "blocked by the incremental 1, which needs it" in decided["3"].reasons[-1].text
    elsewhere = of(decide([backup(1), *chain[:1]], Limits(max_backups=1), NOW))
    assert elsewhere["4"].needed_by == "3", "a backup of another resource, which has the disk now"
    free = of(decide([backup(1), *chain[:2]], Limits(max_backups=1), NOW, links={"held": []}))
    assert free["4"].needed_by is None, "all that is above it goes or is held for nobody"


# limits


@pytest.mark.parametrize("text", ["UTC+8", "Europe/Berlin", "UTC+15:00", "UTC+08:60", "", "UTC+08:00 "])
def test_a_zone_that_is_none_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="write it as"):
        zone_of(text)


def test_zones_are_read_in_both_directions() -> None:
    assert NOW.astimezone(zone_of("UTC-03:30")).utcoffset() == -timedelta(hours=3, minutes=30)
    assert NOW.astimezone(zone_of("UTC+08:00")).utcoffset() == timedelta(hours=8)


# forecast


def test_the_forecast_says_after_which_run_a_backup_goes() -> None:
    runs = [NOW + timedelta(days=n) for n in (1, 2, 3)]
    assert forecast([backup(n) for n in (1, 2, 3)], Limits(max_backups=3), runs) == {
        "3": runs[0],
        "2": runs[1],
        "1": runs[2],
    }


@given(candidates, limits_, st.integers(0, 5))
def test_the_forecast_is_what_happens(all_: list[Candidate], limits: Limits, count: int) -> None:
    runs = [NOW + timedelta(days=n + 1) for n in range(count)]
    foreseen, standing = forecast(all_, limits, runs), list(all_)
    for moment in runs:
        standing.append(Candidate(id=f"~{moment.timestamp()}", created_at=moment))
        gone = {one.id for one in standing if goes(one, standing, limits, moment)}
        assert {id_ for id_ in gone if not id_.startswith("~")} == {
            id_ for id_, at in foreseen.items() if at == moment
        }
        standing = [one for one in standing if one.id not in gone]
