"""Two requests at once about one vault, backup or policy end as if one had come after the other, in one of the two orders.

What each answers, with its error code, and what stands afterwards are compared with both orders, each on things of its own.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from typing import Any

import pytest

from opencbr.model.vault import Resource
from opencbr.service import vaults
from support.databases import POSTGRES

from .api_server import ApiServer
from .protected_cloud import new_server, new_vault, restorable, server_ref
from .test_policies import new_policy, room


@pytest.fixture(autouse=True)
def _room(cbr: ApiServer) -> Iterator[None]:
    yield from room(cbr)


@dataclass
class Scene:
    """A vault with a server and a policy, a finished backup of that server, and a second policy."""

    cbr: ApiServer

    def __post_init__(self) -> None:
        self.policy, self.other = (new_policy(self.cbr)["id"] for _ in range(2))
        self.server = new_server(self.cbr)
        self.vault = new_vault(self.cbr, server_ref(self.server), backup_policy_id=self.policy)["id"]
        self.backup = restorable(self.cbr, self.server).id

    def back_up(self) -> Any:
        return self.cbr.call("POST", "checkpoints", {"checkpoint": {"vault_id": self.vault}})

    def delete_vault(self) -> Any:
        return self.cbr.call("DELETE", f"vaults/{self.vault}")

    def remove_server(self) -> Any:
        body = {"resource_ids": [self.server["id"]]}
        return self.cbr.call("POST", f"vaults/{self.vault}/removeresources", body)

    def delete_backup(self) -> Any:
        return self.cbr.call("DELETE", f"backups/{self.backup}")

    def restore(self) -> Any:
        return self.cbr.call("POST", f"backups/{self.backup}/restore", {"restore": {}})

    def associate(self) -> Any:
        return self.cbr.call("POST", f"vaults/{self.vault}/associatepolicy", {"policy_id": self.other})

    def dissociate(self) -> Any:
        return self.cbr.call("POST", f"vaults/{self.vault}/dissociatepolicy", {"policy_id": self.policy})

    def disable(self) -> Any:
        return self.cbr.call("PUT", f"policies/{self.policy}", {"policy": {"enabled": False}})

    def delete_policy(self) -> Any:
        return self.cbr.call("DELETE", f"policies/{self.policy}")

    def run(self) -> Any:
        return self.cbr.call("POST", f"policies/{self.policy}/run")

    def state(self) -> list[Any]:
        """What stands afterwards, without ids and times."""
        shown = self.cbr.call("GET", f"vaults/{self.vault}").json().get("vault", {})
        backup = self.cbr.call("GET", f"backups/{self.backup}").json().get("backup", {})
        policy = self.cbr.call("GET", f"policies/{self.policy}").json().get("policy", {})
        bound = self.cbr.call("GET", f"vaults?policy_id={self.other}").json()["count"]
        logs = self.cbr.call("GET", f"operation-logs?resource_id={self.server['id']}").json()
        return [
            shown.get("status"),
            [one["protect_status"] for one in shown.get("resources", ())],
            backup.get("status"),
            (policy.get("enabled"), len(policy.get("associated_vaults") or ())),
            bound,
            sorted(log["operation_type"] for log in logs["operation_logs"]),
        ]


def told(answer: Any) -> tuple[int, str]:
    assert answer.status_code < 500, answer.text
    return answer.status_code, answer.json().get("error_code", "") if answer.status_code >= 400 else ""


Call = Callable[[Scene], Any]

PAIRS: list[tuple[Call, Call]] = [
    (Scene.back_up, Scene.back_up),
    (Scene.back_up, Scene.delete_vault),
    (Scene.back_up, Scene.remove_server),
    (Scene.back_up, Scene.restore),
    (Scene.delete_vault, Scene.delete_vault),
    (Scene.delete_vault, Scene.associate),
    (Scene.remove_server, Scene.remove_server),
    (Scene.remove_server, Scene.restore),
    (Scene.restore, Scene.restore),
    (Scene.restore, Scene.delete_backup),
    (Scene.delete_backup, Scene.delete_backup),
    (Scene.associate, Scene.dissociate),
    (Scene.disable, Scene.delete_policy),
    (Scene.delete_policy, Scene.delete_policy),
    (Scene.run, Scene.delete_policy),
    (Scene.dissociate, Scene.run),
]


@pytest.mark.matrix(fast=5)
@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: " and ".join(call.__name__ for call in pair))
def test_two_at_once_end_as_one_after_the_other(cbr: ApiServer, pair: tuple[Call, Call]) -> None:
    first, second = pair
    orders = []
    for forwards in (True, False):
        scene = Scene(cbr)
        answers = [told(call(scene)) for call in (pair if forwards else pair[::-1])]
        orders.append((answers if forwards else answers[::-1], scene.state()))
    scene, together = Scene(cbr), Barrier(2)

    def ask(call: Call) -> tuple[int, str]:
        together.wait()
        return told(call(scene))

    with ThreadPoolExecutor(2) as both:
        ended = list(both.map(ask, (first, second)))
    assert (ended, scene.state()) in orders


@pytest.mark.parametrize("cbr", [pytest.param(POSTGRES, marks=pytest.mark.postgres)], indirect=True)
def test_what_a_restore_has_begun_on_is_not_removed(cbr: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The backup lies in another vault, so that the restore does not wait for the one whose resource is removed."""
    scene, restores = Scene(cbr), []
    refuse_busy = vaults.refuse_busy

    def look_and_be_late(resource: Resource) -> None:
        refuse_busy(resource)
        restores.append(told(scene.restore()))

    monkeypatch.setattr(vaults, "refuse_busy", look_and_be_late)
    removal = told(scene.remove_server())
    assert (removal, restores) == ((400, "BackupService.6125"), [(202, "")])
    assert scene.state()[1] == ["restoring"]
