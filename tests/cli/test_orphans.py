"""`opencbr orphans` where there are some: a snapshot and backups that bear the installation's name and belong to nothing."""

import json
import time
import uuid

import pytest
import requests


class Cinder:
    """The demo tenant's own hand in the embedded cloud."""

    def __init__(self, env: dict[str, str]) -> None:
        domain = {"id": "default"}
        user = {"name": env["OS_USERNAME"], "password": env["OS_PASSWORD"], "domain": domain}
        scope = {"project": {"name": env["OS_PROJECT_NAME"], "domain": domain}}
        auth = {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}
        answer = requests.post(f"{env['OS_AUTH_URL']}/auth/tokens", json={"auth": auth}, timeout=30)
        self.headers = {"X-Auth-Token": answer.headers["X-Subject-Token"]}
        catalogue = answer.json()["token"]["catalog"]
        self.url = next(
            endpoint["url"]
            for service in catalogue
            if service["type"] in {"block-storage", "volumev3"}
            for endpoint in service["endpoints"]
            if endpoint["interface"] == "public"
        ).rstrip("/")

    def call(self, method: str, path: str, body=None):
        return requests.request(method, self.url + path, json=body, headers=self.headers, timeout=30)

    def make(self, kind: str, **fields) -> str:
        answer = self.call("POST", f"/{kind}s", {kind: fields})
        assert answer.status_code == 202, answer.text
        id_ = answer.json()[kind]["id"]
        deadline = time.monotonic() + 60
        while (status := self.call("GET", f"/{kind}s/{id_}").json()[kind]["status"]) != "available":
            assert status == "creating", status
            assert time.monotonic() < deadline
            time.sleep(0.1)
        return id_

    def has(self, kind: str, id_: str) -> bool:
        return self.call("GET", f"/{kind}s/{id_}").status_code == 200

    def remove(self, kind: str, id_: str) -> None:
        self.call("DELETE", f"/{kind}s/{id_}")
        deadline = time.monotonic() + 60
        while self.has(kind, id_):
            assert time.monotonic() < deadline
            time.sleep(0.1)


@pytest.fixture(name="cinder")
def _cinder(demo):
    return Cinder(demo.env())


@pytest.fixture(name="place")
def _place(cinder):
    """The volume of a backup that is in order, and a name that the installation would give another one of it."""
    rows = cinder.call("GET", "/backups/detail").json()["backups"]
    mine = next(row for row in rows if row["name"].startswith("opencbr-"))
    installation = mine["name"].removesuffix(
        mine["name"][-36:]
    )  # what stands before the id of the disk's backup
    return mine["volume_id"], f"{installation}{uuid.uuid4()}"


@pytest.fixture(name="orphans")
def _orphans(demo, opencbr):
    return lambda *words, **more: opencbr("--config", demo.state / "opencbr.toml", "orphans", *words, **more)


@pytest.fixture(name="snapshot")
def _snapshot(cinder, place):
    volume_id, name = place
    id_ = cinder.make("snapshot", volume_id=volume_id, name=f"{name}-snapshot", force=True)
    yield id_
    cinder.remove("snapshot", id_)


def test_an_orphan_is_listed_and_nothing_else(orphans, snapshot, demo):
    (one,) = json.loads(orphans("list", "--json").stdout)["orphans"]
    assert (one["kind"], one["id"], one["project_id"]) == (
        "snapshot",
        snapshot,
        demo.env()["OPENCBR_PROJECT_ID"],
    )
    assert one["why"] == "it is not in the ledger"
    done = orphans("list")
    assert done.returncode == 1
    assert snapshot in done.stdout


@pytest.mark.parametrize("answer", ["n\n", ""])
def test_whoever_does_not_say_yes_keeps_it(orphans, cinder, snapshot, answer):
    done = orphans("clean", text=answer)
    assert done.returncode == 1
    assert snapshot in done.stdout
    assert "Delete 1 object(s) from the cloud?" in done.stderr
    assert "Aborted" in done.stderr
    assert cinder.has("snapshot", snapshot)


def test_json_alone_is_no_yes_and_stays_json(orphans, cinder, snapshot):
    done = orphans("clean", "--json", text="n\n")
    assert (done.returncode, done.stdout) == (1, "")
    assert cinder.has("snapshot", snapshot)
    done = orphans("clean", "--json", text="y\n")
    assert done.returncode == 0
    assert [one["orphan"]["id"] for one in json.loads(done.stdout)["cleaned"]] == [snapshot]
    assert not cinder.has("snapshot", snapshot)


def test_a_yes_at_the_question_removes_it(orphans, cinder, snapshot):
    done = orphans("clean", text="y\n")
    assert done.returncode == 0, done.stderr
    assert f"snapshot {snapshot} removed" in done.stdout
    assert not cinder.has("snapshot", snapshot)


def test_everything_at_once_without_a_question(orphans, cinder, place, snapshot):
    volume_id, name = place
    full = cinder.make("backup", volume_id=volume_id, name=name, snapshot_id=snapshot, force=True)
    later = cinder.make("backup", volume_id=volume_id, name=f"{name}-2", incremental=True, force=True)
    strange = cinder.make("backup", volume_id=volume_id, name="the tenant's own", force=True)
    done = orphans("clean", "--yes", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    # What stands on another goes before it, and snapshots go last.
    assert [one["orphan"]["id"] for one in found["cleaned"]] == [later, full, snapshot]
    assert [one["problem"] for one in found["cleaned"]] == [None] * 3
    assert found["struck"] == 0
    assert not any(cinder.has("backup", one) for one in (full, later))
    assert cinder.has("backup", strange)
    cinder.remove("backup", strange)
    nothing = orphans("list", "--json")
    assert (json.loads(nothing.stdout)["orphans"], nothing.returncode) == ([], 0)
    assert orphans("clean", "--yes").stdout == "nothing to clean\n"


def test_what_cannot_be_removed_is_told_and_is_exit_code_1(orphans, cinder, place):
    volume_id, name = place
    full = cinder.make("backup", volume_id=volume_id, name=name, force=True)
    strange = cinder.make("backup", volume_id=volume_id, name="stands on it", incremental=True, force=True)
    try:
        done = orphans("clean", "--yes")
        assert done.returncode == 1, done.stdout
        assert f"backup {full} still there: " in done.stdout
        done = orphans("clean", "--yes", "--json")
        assert done.returncode == 1
        (one,) = json.loads(done.stdout)["cleaned"]
        assert one["orphan"]["id"] == full
        assert one["problem"]
        assert cinder.has("backup", full)
    finally:
        cinder.remove("backup", strange)
        assert orphans("clean", "--yes").returncode == 0
    assert not cinder.has("backup", full)
