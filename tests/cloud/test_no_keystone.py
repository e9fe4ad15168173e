"""What answers where Keystone should and is none says nothing about a user, a token or a key: it is told as what it is."""

import json
import logging
from pathlib import Path

import pytest
import yaml

from opencbr.cloud.cloud import Cloud
from opencbr.cloud.config import CloudSettings
from opencbr.cloud.errors import (
    CloudError,
    CredentialRefused,
    Denied,
    InvalidToken,
    SignInRefused,
    Unreachable,
)
from opencbr.cloud.keystone_faults import NO_KEYSTONE

from .clouds import CloudEnv

PAGE = "<html><h1>Somebody else</h1></html>"
FAULT = json.dumps(
    {"error": {"code": 404, "message": "Could not find Application Credential: x.", "title": "Not Found"}}
)
OTHERS = {
    "a page that is not there": {"status": 404, "body": PAGE},
    "an empty body": {"status": 404, "body": " "},
    "another service's fault": {
        "status": 404,
        "body": json.dumps({"itemNotFound": {"message": "no", "code": 404}}),
    },
    "another method": {"status": 405, "body": PAGE},
    "a bad request": {"status": 400, "body": PAGE},
    "a wall": {"status": 403, "body": PAGE},
    "another login": {"status": 401, "body": PAGE, "headers": {"WWW-Authenticate": "Basic"}},
    "a page": {"status": 200, "body": PAGE, "headers": {"Content-Type": "text/html"}},
    "another document": {"status": 200, "body": "{}"},
    "a redirection to nowhere": {"status": 302, "body": PAGE},
}


@pytest.fixture(params=OTHERS)
def other(env: CloudEnv, request: pytest.FixtureRequest) -> dict:
    fault: dict = OTHERS[request.param]
    env.demo.faults.inject(service="identity", method="POST", path="/auth/tokens", times=0, **fault)
    return fault


def at(env: CloudEnv, folder: Path, auth_url: str) -> Cloud:
    """Return the cloud of the service's credential with another address of Keystone."""
    document = yaml.safe_load(env.clouds_file.read_text())
    document["clouds"]["opencbr"]["auth"]["auth_url"] = auth_url
    file = folder / "clouds.yaml"
    file.write_text(yaml.safe_dump(document))
    file.chmod(0o600)
    return Cloud(CloudSettings(config_files=(str(file),), retries=0, timeout_seconds=30), env.clock)


def test_the_check_says_so_and_names_the_address(
    env: CloudEnv, other: dict, caplog: pytest.LogCaptureFixture
):
    fresh = env.as_cloud("opencbr", retries=0)
    keystone = fresh.check()[-1]
    assert (keystone.name, keystone.ok) == ("keystone", False)
    assert NO_KEYSTONE in keystone.message
    assert env.demo.auth_url in keystone.message
    assert "Somebody" not in keystone.message
    with pytest.raises(Unreachable) as raised:
        fresh.reader().newest("compute")
    assert not isinstance(raised.value, CredentialRefused), "nobody has refused it"
    assert env.demo.auth_url not in str(raised.value), "tenants are told it too"


@pytest.mark.parametrize("path", ["/identity", "", "/v3", "/image/v2"])  # the last one wants a token
def test_so_it_is_with_a_wrong_path(
    env: CloudEnv, tmp_path: Path, path: str, caplog: pytest.LogCaptureFixture
):
    auth_url = env.demo.auth_url.removesuffix("/identity/v3") + path
    cloud = at(env, tmp_path, auth_url)
    with caplog.at_level(logging.ERROR):
        keystone = cloud.check()[1]
    cloud.close()
    assert "no answer within" not in keystone.message, "it waits for itself"
    if path == "/identity":
        assert keystone.ok, "its versions are found below"
        return
    assert NO_KEYSTONE in keystone.message
    assert f"auth_url ({auth_url})" in keystone.message


def test_a_person_is_not_refused_by_it(env: CloudEnv, other: dict):
    with pytest.raises(Unreachable, match=NO_KEYSTONE if other["status"] != 200 else "not what the API"):
        env.cloud.user_sign_in.password("demo", "Default", "x")


def test_a_token_is_not_refused_by_it(env: CloudEnv):
    env.demo.faults.inject(service="identity", method="GET", path="/auth/tokens", status=404, body=PAGE)
    with pytest.raises(Unreachable, match=NO_KEYSTONE):
        env.cloud.identity.validate("t" * 32)
    env.demo.faults.inject(service="identity", method="GET", path="/auth/tokens", status=404, body=FAULT)
    with pytest.raises(InvalidToken):
        env.cloud.identity.validate("t" * 32)


def test_keystone_itself_refuses(env: CloudEnv):
    env.demo.faults.inject(
        service="identity", method="POST", path="/auth/tokens", times=0, status=404, body=FAULT
    )
    with pytest.raises(CredentialRefused):
        env.as_cloud("opencbr", retries=0).reader().newest("compute")
    with pytest.raises(SignInRefused):
        env.cloud.user_sign_in.password("demo", "Default", "x")


def test_its_passing_troubles_stay_what_they_are(env: CloudEnv):
    env.demo.faults.inject(service="identity", times=0, status=503, body=PAGE)
    with pytest.raises(CloudError) as raised:
        env.as_cloud("opencbr", retries=0).reader().newest("compute")
    assert not isinstance(raised.value, Denied)
    assert NO_KEYSTONE not in str(raised.value)
