"""A whole checkpoint comes back into an emptied project: what its servers shared is made once, and nothing else differs."""

from collections.abc import Iterator
from typing import Any

import pytest
from restoring import backed_up, carried_out, compare

from support.application import Application, Applications
from support.full_stack import FullStack

pytestmark = pytest.mark.thorough

Json = dict[str, Any]


@pytest.fixture(scope="module")
def applications(stack: FullStack) -> Iterator[Applications]:
    made = Applications(stack.tenant)
    yield made
    made.clear()


def test_two_servers_of_one_application_come_back_together(stack: FullStack, applications: Applications):
    application = applications.make_application(("app", "queue"), disks=1)
    first, *others = application.servers.values()
    with stack.protected(first) as vault:
        more = {"resources": [{"id": one, "type": "OS::Nova::Server"} for one in others]}
        assert stack.member.call("POST", f"vaults/{vault['id']}/addresources", more).status_code == 200
        backups = backed_up(stack, vault)
        applications.delete_application(application)
        made = _restored(stack, backups[0]["checkpoint_id"], application)
        again = applications.like_application(application, made)
        try:
            for backup in backups:
                compare(stack, backup, made[backup["resource_name"]], least=150)
        finally:
            applications.delete_application(again)


def _restored(stack: FullStack, checkpoint: str, application: Application) -> dict[str, str]:
    mapping = {
        "networks": [{"network_id": application.network, "target": "new"}],
        "security_groups": [{"security_group_id": one, "target": "new"} for one in application.groups],
        "routers": [{"router_id": application.router, "target": "new"}],
        "server_group": "new",
    }
    body = {"restore_plan": {"mapping": mapping}}
    answer = stack.member.call("POST", f"checkpoints/{checkpoint}/restore-plans", body)
    assert answer.status_code == 200, answer.text
    log = carried_out(stack, answer.json()["restore_plan"])
    resources = log["extra_info"]["restore"]["resources"]
    return {one["resource_name"]: str(one["target_resource_id"]) for one in resources}
