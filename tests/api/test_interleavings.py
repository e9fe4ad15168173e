"""Requests under way at once about one vault, backup or policy end as if one had come after the other, in every order of their
transactions.

What each answers, with its error code, and all rows afterwards are those of one after the other; no row stands for work that
nobody does, and no work is done on what is on its way out.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from itertools import combinations_with_replacement, permutations, product
from math import comb
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import or_, select

from opencbr.jobs.settings import ScheduleSettings
from opencbr.model import operation_log as logs
from opencbr.model import statuses
from opencbr.observe.log import about
from opencbr.service.scheduler import Scheduler
from opencbr.store import tables, vaults
from opencbr.store.columns import TEXT
from support.interleavings import Choose, interleaved, orders

from .api_server import ApiServer
from .protected_cloud import new_server, new_vault, restorable, server_ref
from .test_policies import let_it_be_due, new_policy, room
from .test_two_at_once import Scene, told

Row = dict[str, Any]
Outcome = tuple[list[tuple[int, str]], list[str]]

_WORK_ON = {
    statuses.PROTECTING: [logs.BACKUP],
    statuses.RESTORING: [logs.RESTORE],
    statuses.REMOVING: [logs.REMOVE_RESOURCE],
    statuses.WAITING_PROTECT: [logs.BACKUP],
    statuses.WAITING_RESTORE: [logs.RESTORE],
    statuses.WAITING_DELETE: [logs.DELETE],
}
"""Status of a resource or backup -> the operation that it stands for."""

_NEW = re.compile(r"(req-)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<=bk_)[0-9a-f]{4}\b")
"""What is drawn anew each time: ids, and the ends of names."""


@pytest.fixture(autouse=True)
def _room(cbr: ApiServer) -> Iterator[None]:
    yield from room(cbr)


class Place(Scene):
    """The scene of two at once with the backup in that vault, an empty vault beside it, and a server in none."""

    def __post_init__(self) -> None:
        cbr = self.cbr
        next(room(cbr))
        self.policy, self.other = (new_policy(cbr)["id"] for _ in range(2))
        self.server, self.free = new_server(cbr), new_server(cbr)
        self.vault = new_vault(cbr, server_ref(self.server), backup_policy_id=self.policy)["id"]
        with cbr.database.read() as conn:
            vault = vaults.get(conn, cbr.project(), self.vault)
        self.backup = restorable(cbr, self.server, vault=vault).id
        self.beside = cbr.vault().id

    def add(self) -> Any:
        return self._add(self.vault)

    def add_beside(self) -> Any:
        return self._add(self.beside)

    def _add(self, vault: str) -> Any:
        return self.cbr.call("POST", f"vaults/{vault}/addresources", {"resources": [server_ref(self.free)]})

    def add_again(self) -> Any:
        """What the vault has already gets another name (trap T12)."""
        body = {"resources": [server_ref(self.server, name="another name")]}
        return self.cbr.call("POST", f"vaults/{self.vault}/addresources", body)

    def migrate(self) -> Any:
        body = {"destination_vault_id": self.beside, "resource_ids": [self.server["id"]]}
        return self.cbr.call("POST", f"vaults/{self.vault}/migrateresources", body)

    def delete_beside(self) -> Any:
        return self.cbr.call("DELETE", f"vaults/{self.beside}")

    def suspend(self) -> Any:
        body = {"resource_ids": [self.server["id"]], "action": "suspend"}
        return self.cbr.call("PUT", f"vaults/{self.vault}/set-resources", body)

    def lock(self) -> Any:
        return self.cbr.call("PUT", f"vaults/{self.vault}", {"vault": {"locked": True}})

    def back_up_by_policy(self) -> Any:
        body = {"checkpoint": {"vault_id": self.vault, "parameters": {"auto_trigger": True}}}
        return self.cbr.call("POST", "checkpoints", body)

    def expire(self) -> Any:
        body = {"expect_expiration_date": "2090-01-31", "time_zone": "UTC"}
        return self.cbr.call("PUT", f"vaults/{self.vault}/update-backup-expiration-time", body)

    def fire(self) -> bool:
        """What a worker does with the policy when it is due."""
        with about("the scheduler"):
            return Scheduler(
                self.cbr.database, self.cbr.adapter, self.cbr.clock, ScheduleSettings(), kept_days=30
            ).round()

    def rows(self) -> dict[str, list[Row]]:
        """All rows about its things, by table."""
        known = (self.policy, self.other, self.server["id"], self.free["id"], self.vault, self.beside)
        found = {}
        with self.cbr.database.read() as conn:
            for table in tables.metadata.sorted_tables:
                ids = [one for one in table.c if one.type is TEXT and one.name.endswith("id")]
                if ids:
                    about = select(table).where(or_(*(one.in_(known) for one in ids)))
                    found[table.name] = [dict(row) for row in conn.execute(about).mappings()]
        return found

    def standing(self) -> list[str]:
        """All rows, with words for its ids and names, and without times."""
        words = {name: word for word, name in vars(self).items() if isinstance(name, str)}
        for word, thing in (("server", self.server), ("free", self.free)):
            words |= {
                thing["id"]: word,
                thing["name"]: f"name of {word}",
                thing["disks"][0]: f"disk of {word}",
            }
        known = re.compile("|".join(rf"\b{re.escape(one)}\b" for one in words))
        rows = [
            f"{table} { {name: 'a time' if isinstance(one, datetime) else one for name, one in row.items()} }"
            for table, of_table in self.rows().items()
            for row in of_table
        ]
        return sorted(_NEW.sub("new", known.sub(lambda found: words[found[0]], row)) for row in rows)

    def check(self) -> None:
        """Whoever came first: what stands for work has one operation, and nothing else has one, or is on its way out."""
        rows = self.rows()
        work = [one for one in rows["operation_log"] if one["status"] in (statuses.WAITING, statuses.RUNNING)]
        home = {one["id"]: one["vault_id"] for one in rows["resource"]}
        tops = [one for one in rows["backup"] if one["parent_id"] is None]
        for bound in rows["resource"]:
            about = [one for one in work if one["resource_id"] == bound["id"]]
            types = [one["operation_type"] for one in about if one["operation_type"] != logs.DELETE]
            assert types == _WORK_ON.get(bound["protect_status"], []), bound
        for backup in tops:
            types = [one["operation_type"] for one in work if one["backup_id"] == backup["id"]]
            assert types == _WORK_ON.get(backup["status"], []), backup
            if backup["status"] == statuses.WAITING_PROTECT:
                assert backup["vault_id"] == home[backup["resource_id"]], "the resource is another vault's"
        ending = {one["id"] for one in rows["vault"] if one["status"] == statuses.DELETING}
        ends = [one["vault_id"] for one in work if one["operation_type"] == logs.VAULT_DELETE]
        assert sorted(ends) == sorted(ending)
        in_vain = [one for one in work if one["operation_type"] in (logs.BACKUP, logs.RESTORE)]
        assert not [one for one in in_vain if one["vault_id"] in ending], "its vault is being deleted"
        running = [one for one in rows["policy_run"] if one["status"] == statuses.RUNNING]
        worked_for = {one["operation_log_id"] for one in (*rows["restore_target"], *running)}
        assert worked_for <= {one["id"] for one in work}


Call = Callable[[Place], Any]


def end(place: Place, answers: Sequence[tuple[int, str]]) -> Outcome:
    place.check()
    return [*answers], place.standing()


def one_after_the_other(cbr: ApiServer, calls: Sequence[Call]) -> list[Outcome]:
    """What comes of each order of the requests, each on a place of its own."""
    outcomes = []
    for order in permutations(range(len(calls))):
        place, answers = Place(cbr), {}
        for number in order:
            answers[number] = told(calls[number](place))
        outcomes.append(end(place, [answers[number] for number in range(len(calls))]))
    return outcomes


def at_once(cbr: ApiServer, calls: Sequence[Call], choose: Choose) -> Outcome:
    place = Place(cbr)
    cbr.token()  # or each would sign in
    answers = interleaved(cbr.database, [partial(call, place) for call in calls], choose)
    return end(place, [told(answer) for answer in answers])


LOOK_FIRST: list[Call] = [Place.back_up, Place.back_up_by_policy, Place.restore, Place.add]
"""What looks at the database and the cloud before it writes: what it has seen may be otherwise then."""

AT_A_STROKE: list[Call] = [
    Place.delete_vault,
    Place.remove_server,
    Place.migrate,
    Place.suspend,
    Place.lock,
    Place.expire,
    Place.delete_backup,
    Place.associate,
    Place.dissociate,
    Place.disable,
    Place.delete_policy,
    Place.run,
]
"""What is one transaction."""

PAIRS = [
    *combinations_with_replacement(LOOK_FIRST, 2),
    *product(LOOK_FIRST, AT_A_STROKE),
    (Place.add, Place.add_beside),
    (Place.add_beside, Place.delete_beside),
    (Place.add_again, Place.back_up),
    (Place.add_again, Place.migrate),
    (Place.add_again, Place.remove_server),
]


def test_every_order_is_tried_once() -> None:
    seen = []
    for choose in orders():
        left, order = [2, 3], []
        while ready := [number for number in (0, 1) if left[number]]:
            order.append(choose(ready) if len(ready) > 1 else ready[0])
            left[order[-1]] -= 1
        seen.append(tuple(order))
    assert len(seen) == len({*seen}) == comb(5, 2)


@pytest.mark.matrix(fast=4)
@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: " and ".join(call.__name__ for call in pair))
def test_every_order_of_two_requests_ends_as_one_after_the_other(cbr: ApiServer, pair: tuple[Call, Call]):
    serial = one_after_the_other(cbr, pair)
    tried = 0
    for choose in orders():
        assert at_once(cbr, pair, choose) in serial
        tried += 1
    assert tried > 2, "the two met nowhere: none of them looks first"


@pytest.mark.thorough
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(calls=st.lists(st.sampled_from(LOOK_FIRST + AT_A_STROKE), min_size=3, max_size=3), data=st.data())
def test_three_requests_in_a_drawn_order_end_as_one_after_the_other(
    cbr: ApiServer, calls: list[Call], data: st.DataObject
):
    serial = one_after_the_other(cbr, calls)
    assert at_once(cbr, calls, lambda ready: data.draw(st.sampled_from(ready))) in serial


@pytest.mark.thorough
@pytest.mark.parametrize("call", LOOK_FIRST + AT_A_STROKE, ids=lambda call: call.__name__)
def test_a_policy_that_fires_meets_a_request_in_every_order(
    cbr: ApiServer, call: Call, caplog: pytest.LogCaptureFixture
):
    """The round is no one transaction: what it has begun may end otherwise, but never stands for work that nobody does."""
    for choose in orders():
        place = Place(cbr)
        let_it_be_due(cbr, place.policy)
        told(interleaved(cbr.database, [partial(call, place), place.fire], choose)[0])
        place.check()
        assert not [one for one in caplog.records if one.levelname == "ERROR"]
