"""A whole checkpoint comes back into an emptied project: what its servers shared is made once, and nothing else differs."""

from collections.abc import Iterator

import pytest
from restoring import carried_out, compare, planned_whole

from support.application import Application, Applications
from support.full_stack import FullStack

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def applications(stack: FullStack) -> Iterator[Applications]:
    made = Applications(stack.tenant)
    yield made
    made.clear()


def test_two_servers_of_one_application_come_back_together(stack: FullStack, applications: Applications):
    application = applications.make_application(("app", "queue"), disks=1)
    with stack.protected(*application.servers.values()) as vault:
        backups = stack.back_up_all(vault, "before")
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
    log = carried_out(stack, planned_whole(stack, checkpoint, mapping))
    resources = log["extra_info"]["restore"]["resources"]
    return {one["resource_name"]: str(one["target_resource_id"]) for one in resources}
