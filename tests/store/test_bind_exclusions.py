"""What bind rules leave alone, and which vaults have rules."""

from opencbr.store import bind_exclusions, ledger, resources, vaults
from opencbr.store.ledger import Entry
from store.samples import NOW, OTHER, PROJECT, ident, resource, vault


def test_an_exclusion_is_of_one_project_and_lasts_until_it_is_lifted(database):
    with database.write() as conn:
        for project in (PROJECT, OTHER):
            for _ in range(2):
                bind_exclusions.add(conn, project, "r1", now=NOW)
        bind_exclusions.add(conn, PROJECT, "r2", now=NOW)
        bind_exclusions.lift(conn, PROJECT, [])
        assert bind_exclusions.of_project(conn, PROJECT) == {"r1", "r2"}
        bind_exclusions.lift(conn, PROJECT, ["r1", "never"])
        assert bind_exclusions.of_project(conn, PROJECT) == {"r2"}
        assert bind_exclusions.of_project(conn, OTHER) == {"r1"}


def test_the_vaults_that_bind_by_themselves(database):
    rules = {"tags": [{"key": "a", "value": "1"}, {"key": "b", "value": ""}]}
    mine, theirs = vault(auto_bind=True, bind_rules=rules), vault(auto_bind=True, project_id=OTHER)
    others = [
        vault(bind_rules=rules),
        vault(auto_bind=True, bind_rules=rules, status="deleting"),
        vault(auto_bind=True, bind_rules=rules, held_at=NOW),
    ]
    with database.write() as conn:
        for one in (mine, theirs, *others):
            vaults.insert(conn, one)
        found = vaults.with_bind_rules(conn)
        resources.bind(conn, resource(mine, id="r1", bound_by_rules=True))
        resources.bind(conn, resource(theirs, id="r2"))
        bound = resources.get(conn, PROJECT, "r1")
        assert (resources.ids(conn, PROJECT), resources.ids(conn, OTHER)) == ({"r1"}, {"r2"})
    assert {one.id: one.rules for one in found} == {mine.id: {("a", "1"), ("b", "")}, theirs.id: set()}
    assert others[0].rules == set()
    assert bound is not None
    assert bound.bound_by_rules


def test_what_jobs_are_making_in_a_project(database):
    def entry(name: str, **fields) -> Entry:
        given = {
            "id": ident(),
            "project_id": PROJECT,
            "operation_log_id": ident(),
            "kind": "server",
            "key": name,
        }
        return Entry(**{**given, "name": name, "created_at": NOW, "updated_at": NOW, **fields})

    with database.write() as conn:
        for one in (
            entry("planned"),
            entry("handed over", project_id=OTHER, cloud_project_id=PROJECT, kind="volume"),
            entry("foreign", project_id=OTHER),
            entry("a snapshot", kind="snapshot"),
        ):
            ledger.plan(conn, one)
        found = ledger.standing(conn, PROJECT, ("server", "volume"))
    assert {one.name for one in found} == {"planned", "handed over"}
