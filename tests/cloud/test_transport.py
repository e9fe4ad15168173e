"""Raw calls under faults: what is asked again, what is not, and what an error tells."""

import logging
import pickle
import re

import pytest

from opencbr import deadline
from opencbr.cloud.errors import (
    BadSettings,
    CloudError,
    CredentialRefused,
    Denied,
    NotFound,
    Refused,
    Unreachable,
)

from .clouds import CloudEnv


def test_bodies_come_as_they_went_over_the_wire(env: CloudEnv):
    answer = env.cloud.reader().ask("compute", "/flavors/1", microversion="2.46")
    assert answer.status == 200
    assert answer.body.startswith(b'{"flavor": {')
    seen = env.demo.calls.find("compute", "GET", "/flavors/1")
    assert [(call.request_id, call.microversion) for call in seen] == [(answer.request_id, "2.46")]


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500},
        {"status": 502},
        {"status": 503},
        {"status": 504},
        {"status": 429, "headers": {"Retry-After": "1"}},
        {"drop": "before"},
        {"drop": "after"},
        {"malformed": True},
        {"truncated": True},
    ],
    ids=str,
)
def test_a_get_survives_what_passes(env: CloudEnv, fault):
    injected = env.demo.faults.inject(service="compute", path="/flavors/1", times=2, **fault)
    assert env.cloud.reader().ask("compute", "/flavors/1").json()["flavor"]["id"] == "1"
    assert injected.hits == 2
    assert len(env.clock.slept) == 2


def test_retry_after_is_obeyed(env: CloudEnv):
    env.demo.faults.inject(service="compute", path="/flavors/1", status=503, headers={"Retry-After": "9"})
    env.cloud.reader().ask("compute", "/flavors/1")
    assert env.clock.slept == [9]


@pytest.mark.parametrize("fault", [{"status": 503}, {"drop": "before"}, {"malformed": True}], ids=str)
def test_what_does_not_pass_is_unreachable_after_bounded_tries(env: CloudEnv, fault):
    injected = env.demo.faults.inject(service="compute", path="/flavors/1", times=0, **fault)
    with pytest.raises(Unreachable) as raised:
        env.cloud.reader().ask("compute", "/flavors/1")
    assert injected.hits == 1 + env.cloud.settings.retries
    assert raised.value.status == fault.get("status", 200 if "malformed" in fault else None)
    assert str(raised.value).startswith("compute GET /flavors/1 ")


def test_an_answer_that_does_not_come_in_time_is_unreachable(env: CloudEnv):
    hasty = env.as_cloud("opencbr", timeout_seconds=0.3, retries=1)
    hasty.reader().newest("compute")
    injected = env.demo.faults.inject(service="compute", path="/flavors/1", times=0, delay_seconds=0.6)
    with pytest.raises(Unreachable, match=r"no answer within 0\.3 seconds"):
        hasty.reader().ask("compute", "/flavors/1")
    assert injected.hits == 2


def test_one_401_means_a_new_token_and_one_more_try(env: CloudEnv):
    injected = env.demo.faults.inject(service="compute", path="/flavors/1", status=401)
    assert env.cloud.reader().ask("compute", "/flavors/1").status == 200
    assert injected.hits == 1
    assert len(env.demo.calls.find("identity", "POST", "/auth/tokens")) == 1
    assert env.clock.slept == []


def test_a_new_token_that_is_of_the_second_of_a_revocation_is_followed_by_another(env: CloudEnv):
    injected = env.demo.faults.inject(service="compute", path="/flavors/1", status=401, times=2)
    assert env.cloud.reader().ask("compute", "/flavors/1").status == 200
    assert injected.hits == 2
    assert len(env.demo.calls.find("identity", "POST", "/auth/tokens")) == 2
    assert env.clock.slept == [1.0]


def test_who_does_not_wait_a_second_longer_is_told_of_the_refusal(env: CloudEnv):
    env.demo.faults.inject(service="compute", path="/flavors/1", status=401, times=0)
    with deadline.within(0.9), pytest.raises(Denied):
        env.cloud.reader().ask("compute", "/flavors/1")
    assert env.clock.slept == []


def test_401_to_the_end_is_denied(env: CloudEnv):
    injected = env.demo.faults.inject(service="compute", path="/flavors/1", status=401, times=0)
    with pytest.raises(Denied):
        env.cloud.reader().ask("compute", "/flavors/1")
    assert injected.hits == 3


@pytest.mark.parametrize(
    ("status", "kind"), [(400, Refused), (403, Denied), (404, NotFound), (409, Refused), (413, Refused)]
)
def test_a_refusal_is_not_asked_again(env: CloudEnv, status, kind):
    injected = env.demo.faults.inject(service="compute", path="/flavors/1", status=status, times=0)
    with pytest.raises(kind):
        env.cloud.reader().ask("compute", "/flavors/1")
    assert injected.hits == 1


def test_an_error_names_call_status_request_and_the_cloud_s_sentence(env: CloudEnv):
    with pytest.raises(NotFound) as raised:
        env.cloud.reader().get_volume("00000000-0000-0000-0000-000000000000")
    error = raised.value
    [call] = env.demo.calls.find("volume", "GET", "/volumes/")
    assert error.request_id == call.request_id
    assert str(error) == (
        "volume GET /volumes/00000000-0000-0000-0000-000000000000 answered 404 "
        f"({call.request_id}): Volume 00000000-0000-0000-0000-000000000000 could not be found"
    )


@pytest.mark.parametrize("status", [200, 404])
def test_a_request_id_is_short_and_printable(env: CloudEnv, status):
    strange = "req-\t" + "a-" * 8_000
    env.demo.faults.inject(
        service="compute", path="/flavors/1", status=status, headers={"X-Openstack-Request-Id": strange}
    )
    try:
        found = env.cloud.reader().ask("compute", "/flavors/1").request_id
    except NotFound as error:
        found = error.request_id
    assert found is not None
    assert len(found) < 101
    assert found.startswith("req-a-")


def test_errors_survive_pickling():
    error = Denied(service="volume", method="GET", path="/x", status=403, request_id="req-1", reason="no")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is Denied
    assert str(again) == str(error) == "volume GET /x answered 403 (req-1): no"


def test_a_neutron_that_is_away_is_not_one_without_ports(env: CloudEnv):
    fresh = env.as_cloud("opencbr", retries=1)
    env.demo.faults.inject(service="network", times=0, status=503)
    with pytest.raises(Unreachable, match="version discovery failed"):
        fresh.reader().ask("network", "/ports/x")
    env.demo.faults.clear()
    with pytest.raises(NotFound):
        fresh.reader().ask("network", "/ports/x")


def test_a_keystone_that_is_away_while_signing_in_is_waited_for(env: CloudEnv):
    fresh = env.as_cloud("opencbr")
    injected = env.demo.faults.inject(
        service="identity", method="POST", path="/auth/tokens", times=2, status=503
    )
    assert fresh.reader().ask("compute", "/flavors/1").status == 200
    assert injected.hits == 2


@pytest.mark.parametrize("fault", [{"status": 500}, {"drop": "before"}, {"malformed": True}], ids=str)
def test_a_keystone_that_stays_away_is_named(env: CloudEnv, fault):
    fresh = env.as_cloud("opencbr", retries=1)
    env.demo.faults.inject(service="identity", method="POST", path="/auth/tokens", times=0, **fault)
    with pytest.raises(Unreachable, match=r"^identity POST /auth/tokens"):
        fresh.reader().ask("compute", "/flavors/1")


def test_a_wrong_password_says_where_to_look_in_the_log(env: CloudEnv, tmp_path, caplog):
    """What raises is told to tenants: it names no file and no user."""
    text = env.clouds_file.read_text()
    rig_password = env.demo.account("opencbr")["password"]
    wrong = tmp_path / "clouds.yaml"
    wrong.write_text(text.replace(rig_password, "not-the-password"))
    fresh = CloudEnv(env.demo, wrong, env.clock, env.cloud).as_cloud("opencbr")
    with pytest.raises(CredentialRefused, match="the operator must correct it") as raised:
        fresh.reader().ask("compute", "/flavors/1")
    assert re.search(r"cloud opencbr in .*clouds\.yaml \(user opencbr\)", caplog.text)
    for secret in ("not-the-password", "clouds.yaml", "user opencbr"):
        assert secret not in str(raised.value)
    assert "not-the-password" not in caplog.text


def test_a_cloud_that_is_not_in_the_file_says_so(env: CloudEnv):
    with pytest.raises(BadSettings, match="cloud nowhere cannot be used"):
        env.as_cloud("nowhere")


def test_nothing_secret_reaches_the_log(env: CloudEnv, caplog):
    caplog.set_level(logging.DEBUG)
    fresh = env.as_cloud("opencbr")
    for level in ("keystoneauth", "keystoneauth.session", "openstack", "urllib3"):
        caplog.set_level(logging.DEBUG, logger=level)
    env.demo.faults.inject(service="compute", path="/servers", times=1, status=500)
    server = env.server_id("db1")
    fresh.reader().ask("compute", f"/servers/{server}", microversion="2.46")
    with pytest.raises(CloudError):
        fresh.project("f" * 32).get_snapshot("x")
    user_data = fresh.reader().get_server(server)["OS-EXT-SRV-ATTR:user_data"]
    assert user_data
    assert env.demo.account("opencbr")["password"] not in caplog.text
    assert user_data not in caplog.text
    assert fresh._scopes.home.access().auth_token not in caplog.text
