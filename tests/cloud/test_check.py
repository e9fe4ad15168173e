"""What is missing in the cloud, in words."""

import pytest

from .clouds import CloudEnv


def by_name(env: CloudEnv, cloud: str = "opencbr") -> dict[str, tuple[bool, str]]:
    return {f.name: (f.ok, f.message) for f in env.as_cloud(cloud, retries=0).check()}


def test_a_good_cloud_has_nothing_to_say(env: CloudEnv):
    found = by_name(env)
    assert list(found) == ["keystone", "role", "compute", "volume", "network", "image", "mover"]
    assert all(ok for ok, _ in found.values())
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


def test_no_keystone_no_more_questions(env: CloudEnv):
    env.demo.faults.inject(service="identity", times=0, status=503)
    assert list(by_name(env)) == ["keystone"]
    assert not env.cloud.keystone_ready()
