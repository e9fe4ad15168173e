"""A slip in an entry of clouds.yaml is told in a sentence that names the file, before anything is sent."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from opencbr.clock import SystemClock
from opencbr.cloud.cloud import Cloud
from opencbr.cloud.config import CloudSettings
from opencbr.cloud.errors import BadSettings

SECRET = "s3cr3t-w0rd"
AUTH = {
    "auth_url": "http://127.0.0.1:9/v3",
    "username": "opencbr",
    "password": SECRET,
    "project_name": "service",
    "user_domain_id": "default",
    "project_domain_id": "default",
}
BOUND = {
    "auth_url": "http://127.0.0.1:9/v3",
    "application_credential_id": "a" * 32,
    "application_credential_secret": SECRET,
}


def without(name: str) -> dict[str, str]:
    return {key: value for key, value in AUTH.items() if key != name}


SLIPS: dict[str, tuple[Any, str]] = {
    "no auth_type beside an application credential": ({"auth": BOUND}, "application_credential_id"),
    "two keys on one line": ({"auth": AUTH, "auth_type": "v3password  region_name: RegionOne"}, "v3password"),
    "an auth_type that there is not": ({"auth": AUTH, "auth_type": "v3magic"}, "v3magic"),
    "no auth_url": ({"auth": without("auth_url")}, "auth_url"),
    "a port that is none": ({"auth": {**AUTH, "auth_url": "http://127.0.0.1:port/v3"}}, "auth_url"),
    "a port too high": ({"auth": {**AUTH, "auth_url": "http://127.0.0.1:99999/v3"}}, "auth_url"),
    "no password": ({"auth": without("password")}, "no password"),
    "an empty auth": ({"auth": None}, "auth_url, username, password"),
    "an unknown key": ({"auth": {**AUTH, "tenant": "x"}}, "tenant"),
    "auth is a text": ({"auth": "x"}, "mapping"),
    "the entry is a text": ("x", "mapping"),
}


def opened(folder: Path, document: Any) -> Cloud:
    file = folder / "clouds.yaml"
    file.write_text(yaml.safe_dump(document))
    return Cloud(CloudSettings(cloud="opencbr", config_files=(str(file),)), SystemClock())


def test_a_good_entry_is_taken(tmp_path: Path):
    opened(tmp_path, {"clouds": {"opencbr": {"auth": AUTH}}})


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_told(tmp_path: Path, slip: str):
    entry, word = SLIPS[slip]
    with pytest.raises(BadSettings) as told:
        opened(tmp_path, {"clouds": {"opencbr": entry}})
    sentence = str(told.value)
    assert word in sentence
    assert str(tmp_path / "clouds.yaml") in sentence
    assert SECRET not in sentence


@pytest.mark.parametrize(
    "document", [{}, {"clouds": ["opencbr"]}, {"clouds": {"other": {"auth": AUTH}}}, ["x"]]
)
def test_a_file_without_the_entry_is_named(tmp_path: Path, document: Any):
    with pytest.raises(BadSettings, match="opencbr") as told:
        opened(tmp_path, document)
    assert str(tmp_path / "clouds.yaml") in str(told.value)


def test_an_application_credential_cannot_work_for_tenants(tmp_path: Path):
    entry = {"auth": BOUND, "auth_type": "v3applicationcredential"}
    cloud = opened(tmp_path, {"clouds": {"opencbr": entry}})
    assert "is bound to one project" in cloud._scopes.tenant("0" * 32)._no_role()
