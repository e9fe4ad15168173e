"""The service user's password, changed in Keystone and in `clouds.yaml`, each by itself as an operator does."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
import yaml

from opencbr.democloud import DemoCloud


@contextmanager
def password_to_rotate(demo: DemoCloud, clouds_file: Path) -> Iterator[None]:
    """Leave password and file as they were, whatever the test does to them."""
    text = clouds_file.read_text()
    try:
        yield
    finally:
        set_password(demo, demo.account("opencbr")["password"])
        clouds_file.write_text(text)


def set_password(demo: DemoCloud, password: str) -> None:
    """Change it in Keystone, which revokes the user's tokens."""
    users = f"{demo.auth_url}/users/{demo.account('opencbr')['user_id']}"
    body = {"user": {"password": password}}
    requests.patch(
        users, json=body, headers={"X-Auth-Token": _admin_token(demo)}, timeout=10
    ).raise_for_status()


def write_password(clouds_file: Path, password: str) -> None:
    """Change it in the file."""
    document: Any = yaml.safe_load(clouds_file.read_text())
    document["clouds"]["opencbr"]["auth"]["password"] = password
    clouds_file.write_text(yaml.safe_dump(document))


def _admin_token(demo: DemoCloud) -> str:
    admin = demo.account("admin")
    user = {"name": admin["user_name"], "password": admin["password"], "domain": {"id": "default"}}
    auth = {
        "identity": {"methods": ["password"], "password": {"user": user}},
        "scope": {"project": {"id": admin["project_id"]}},
    }
    answer = requests.post(f"{demo.auth_url}/auth/tokens", json={"auth": auth}, timeout=10)
    answer.raise_for_status()
    return answer.headers["X-Subject-Token"]
