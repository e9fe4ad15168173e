"""What is missing in the cloud, in words."""

import pytest

from opencbr.democloud.compute import routes

from .clouds import CloudEnv

ENDPOINT = "https://backup.example.org"


@pytest.fixture(autouse=True)
def _registered(env: CloudEnv):
    env.clouds_file.chmod(0o600)
    env.as_cloud("admin").register(endpoint=ENDPOINT)


def by_name(env: CloudEnv, cloud: str = "opencbr", **asked: str) -> dict[str, tuple[bool, str]]:
    return {f.name: (f.ok, f.message) for f in env.as_cloud(cloud, retries=0).check(**asked)}


def test_a_good_cloud_has_nothing_to_say(env: CloudEnv):
    found = env.as_cloud("opencbr", retries=0).check(ENDPOINT)
    wanted = ["files", "keystone", "role", "tenant", "catalogue"]
    wanted += ["compute", "volume", "network", "image", "mover", "root volumes", "quotas"]
    assert [one.name for one in found] == wanted
    assert {one.state for one in found} == {"ok"}, found
    assert env.cloud.keystone_ready()
    assert env.cloud.mover_ready()


def test_a_member_lacks_the_role(env: CloudEnv):
    found = by_name(env, "demo")
    assert found["role"][0] is False
    assert "needs admin" in found["role"][1]
    assert "opencbr register" in found["role"][1]


def test_an_admin_without_inherited_role_cannot_work_for_tenants(env: CloudEnv):
    ok, message = by_name(env, "demo-admin")["role"]
    assert not ok
    assert "no inherited role" in message


@pytest.mark.parametrize("service", ["compute", "network", "image"])
def test_a_service_that_is_away_is_named(env: CloudEnv, service):
    env.demo.faults.inject(service=service, times=0, status=503)
    found = by_name(env)
    assert [name for name, (ok, _) in found.items() if not ok] == [service]


def test_a_mover_that_is_down_is_named(env: CloudEnv):
    state = env.demo.backend.state
    with state.change():
        rows = state.all("cinder-service")
        mover = next(row for row in rows if row["binary"] == "cinder-backup")
        state.put("cinder-service", {**mover, "state": "down"})
    try:
        ok, message = by_name(env)["mover"]
        assert not ok
        assert "down or disabled" in message
        assert not env.cloud.mover_ready()
    finally:
        with state.change():
            state.put("cinder-service", mover)


@pytest.mark.parametrize(
    ("given", "newest", "told"),
    [
        (None, "2.104", ("ok", "the service user sets their status meanwhile")),
        (False, "2.93", ("ok", "by a rebuild of their server, with two more copies")),
        (False, "2.92", ("warning", "Nova speaks at most 2.92, where a rebuild takes 2.93")),
    ],
)
def test_the_way_of_root_volumes_is_told(
    env: CloudEnv, monkeypatch: pytest.MonkeyPatch, given: bool | None, newest: str, told: tuple[str, str]
):
    state, words = told
    monkeypatch.setattr(routes, "NEWEST", newest)
    (found,) = [
        one for one in env.as_cloud("opencbr", sets_volume_status=given).check() if one.name == "root volumes"
    ]
    assert (found.state, words in found.message) == (state, True), found.message


def test_no_keystone_no_more_questions(env: CloudEnv):
    env.demo.faults.inject(service="identity", times=0, status=503)
    assert list(by_name(env)) == ["files", "keystone"]
    assert not env.cloud.keystone_ready()


def test_a_keystone_that_only_leads_elsewhere_does_not_answer(env: CloudEnv):
    env.demo.faults.inject(
        service="identity", times=0, status=302, headers={"Location": f"{env.demo.auth_url}/again"}
    )
    assert not env.cloud.keystone_ready()


def test_a_file_that_everybody_reads_is_named(env: CloudEnv):
    env.clouds_file.chmod(0o644)
    (files, *_) = env.as_cloud("opencbr").check()
    assert (files.name, files.state) == ("files", "warning")
    assert f"chmod 600 {env.clouds_file}" in files.message


def test_a_service_that_is_not_in_the_catalogue(env: CloudEnv):
    admin = env.as_cloud("admin")._scopes.home
    service = admin.get("identity", "/services", {"type": "cbr"}).json()["services"][0]
    admin.delete("identity", f"/services/{service['id']}")
    ok, message = by_name(env, endpoint=ENDPOINT)["catalogue"]
    assert not ok
    assert f"opencbr register --as ADMIN --endpoint {ENDPOINT}" in message


def test_another_address_in_the_catalogue_is_told(env: CloudEnv):
    (found,) = [
        f for f in env.as_cloud("opencbr").check("https://other.example.org") if f.name == "catalogue"
    ]
    assert found.state == "warning"
    assert ENDPOINT in found.message
    assert "https://other.example.org" in found.message


def test_a_tenants_project_where_the_credential_has_no_role(env: CloudEnv):
    ok, message = by_name(env, project_id="0" * 32)["tenant"]
    assert not ok
    assert "no role on project" in message


def test_small_quotas_are_told_with_their_numbers(env: CloudEnv):
    state, project_id = env.demo.backend.state, env.project_id
    with state.change():
        state.put("quota", {"id": project_id, "backups": 10, "snapshots": 10})
    try:
        found = env.as_cloud("opencbr").check(project_id=project_id)[-1]
        assert (found.name, found.state) == ("quotas", "warning")
        assert "may have 10 backups and 10 snapshots" in found.message
        assert f"openstack quota set --backups N --snapshots N {project_id}" in found.message
        assert "may have 1000 backups" in by_name(env)["quotas"][1], "a new project"
    finally:
        with state.change():
            state.drop("quota", project_id)
