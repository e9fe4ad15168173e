"""What pages have to bear, made in a demo: a project that has nothing, and words as long as the API takes them."""

import re
import time
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import requests

EMPTY = "empty"
"""The project that has nothing."""
_LONG = "a-word-without-an-end-"


class Extremes:
    """`folder` is a demo's."""

    def __init__(self, folder: Path) -> None:
        self._env = dict(re.findall(r"export (\w+)='?([^'\n]*)", (folder / "env").read_text()))
        self._session = requests.Session()
        self._session.headers["X-Auth-Token"] = self._env["OPENCBR_TOKEN"]
        catalog = self._ask("GET", f"{self._env['OS_AUTH_URL']}/auth/catalog")["catalog"]
        self._nova = next(one["endpoints"][0]["url"] for one in catalog if one["type"] == "compute")
        self._cbr = f"{self._env['OPENCBR_ENDPOINT']}/v3/{self._env['OPENCBR_PROJECT_ID']}"

    def make_empty_project(self) -> None:
        """Make the project, for demo-admin."""
        keystone = self._env["OS_AUTH_URL"]
        project = self._ask(
            "POST", f"{keystone}/projects", {"project": {"name": EMPTY, "domain_id": "default"}}
        )
        role = self._ask("GET", f"{keystone}/roles?name=admin")["roles"][0]["id"]
        user = self._ask("GET", f"{keystone}/users?name=demo-admin")["users"][0]["id"]
        self._ask("PUT", f"{keystone}/projects/{project['project']['id']}/users/{user}/roles/{role}")

    def make_long_words(self) -> tuple[str, str]:
        """Give a server, a vault and a backup of it long words; returns the ids of vault and backup."""
        (server,) = [
            one["id"] for one in self._ask("GET", f"{self._nova}/servers")["servers"] if one["name"] == "web1"
        ]
        self._ask("PUT", f"{self._nova}/servers/{server}", {"server": {"name": words(255)}})
        labels = {"metadata": {words(255): words(255), "n": words(255, "много слов без конца ")}}
        self._ask("POST", f"{self._nova}/servers/{server}/metadata", labels)
        billing = {"object_type": "server", "protect_type": "backup", "consistent_level": "crash_consistent"}
        vault = {
            "name": words(64, "w"),
            "description": words(255),
            "tags": [{"key": f"{number}{words(35)}", "value": words(43)} for number in range(5)],
            "billing": billing | {"size": 10_485_760},
            "resources": [{"id": server, "type": "OS::Nova::Server"}],
        }
        vault_id = self._ask("POST", f"{self._cbr}/vaults", {"vault": vault})["vault"]["id"]
        asked = {"vault_id": vault_id, "parameters": {"description": words(255)}}
        self._ask("POST", f"{self._cbr}/checkpoints", {"checkpoint": asked})
        backup = self._ended(vault_id)
        self._ask("PUT", f"{self._cbr}/backups/{backup}", {"backup": {"name": words(255)}})
        return vault_id, backup

    def _ended(self, vault_id: str) -> str:
        while True:
            (backup,) = self._ask("GET", f"{self._cbr}/backups?vault_id={vault_id}")["backups"]
            if backup["status"] not in {"protecting", "waiting_protect"}:
                return str(backup["id"])
            time.sleep(0.2)

    def _ask(self, method: str, url: str, body: Any = None) -> Any:
        answer = self._session.request(method, url, json=body, timeout=60)
        answer.raise_for_status()
        return answer.json() if answer.content else None


def words(length: int, text: str = _LONG) -> str:
    return "".join(islice(cycle(text), length))
