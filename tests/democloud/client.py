"""Calls to a cloud as one of its users, with no SDK between the test and HTTP."""

import time
from pathlib import Path
from typing import Any

import openstack.config
import requests
import yaml

from opencbr.democloud import DemoCloud

_HEADER = {"compute": "compute", "volumev3": "volume"}
_DEADLINE_SECONDS = 900  # a real backup of 1 GiB takes about ten on a machine that does nothing else


class Client:
    """One user of a cloud; the answers are those of `requests`."""

    def __init__(self, cloud: str, config_file: str) -> None:
        loader = openstack.config.OpenStackConfig(config_files=[config_file], load_envvars=False)
        self.session = loader.get_one(cloud=cloud).get_session()

    @property
    def project_id(self) -> str:
        return str(self.session.get_project_id())

    @property
    def user_id(self) -> str:
        return str(self.session.get_user_id())

    def call(
        self,
        method: str,
        service: str,
        path: str,
        body: Any = None,
        *,
        mv: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> requests.Response:
        headers = {"Accept": "application/json", **(headers or {})}
        if mv:
            headers["OpenStack-API-Version"] = f"{_HEADER[service]} {mv}"
        answer: requests.Response = self.session.request(
            path,
            method,
            json=body,
            headers=headers,
            raise_exc=False,
            endpoint_filter={"service_type": service, "interface": "public"},
        )
        return answer

    def get(self, service: str, path: str, *, mv: str | None = None) -> Any:
        answer = self.call("GET", service, path, mv=mv)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def states(self, path: str, key: str, until: set[str | int]) -> list[str | int]:
        """Read a resource of Cinder until its status (or the HTTP status) is one of `until`; all states seen."""
        seen: list[str | int] = []
        began = time.monotonic()
        while (waited := time.monotonic() - began) < _DEADLINE_SECONDS:
            answer = self.call("GET", "volumev3", path, mv="3.71")
            state: str | int = (
                answer.json()[key]["status"] if answer.status_code == 200 else answer.status_code
            )
            if not seen or seen[-1] != state:
                seen.append(state)
            if state in until:
                return seen
            # a real cloud that works is not to be asked fifty times a second
            time.sleep(0.02 if waited < 2 else 0.3)
        raise AssertionError(f"{path} never became {until}: {seen}")


def client_of(cloud: DemoCloud, folder: Path, name: str = "demo") -> Client:
    """Return a user of an embedded cloud; its clouds.yaml is written to `folder`."""
    file = folder / "clouds.yaml"
    file.write_text(yaml.safe_dump(cloud.clouds_yaml()))
    return Client(name, str(file))


def volume_named(client: Client, name: str) -> str:
    """Return the id of the volume of that name."""
    rows = client.get("volumev3", f"/volumes?name={name}")["volumes"]
    return str(rows[0]["id"])


def back_up(client: Client, volume: str, **fields: object) -> str:
    """Begin a backup of a volume and return its id."""
    body = {"backup": {"volume_id": volume, "name": "kept", "force": True, **fields}}
    answer = client.call("POST", "volumev3", "/backups", body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["backup"]["id"])


def assert_refused(answer: requests.Response, status: int, message: str) -> None:
    """Check that Nova or Cinder refused a call with that sentence."""
    name = {400: "badRequest", 403: "forbidden", 404: "itemNotFound", 409: "conflictingRequest"}[status]
    assert (answer.status_code, answer.json()) == (status, {name: {"code": status, "message": message}})
