"""A restore as a new server gives back what was captured: the semantic difference of two records is empty but for a list."""

from collections.abc import Iterator
from typing import Any

import pytest
from restoring import compare, restored_as_new

from support.full_server import FullServer, FullServers
from support.full_stack import FullStack

pytestmark = pytest.mark.thorough  # a quarter of an hour on a machine that has other work

Json = dict[str, Any]

LEAST = 400
"""Fields that are compared at least."""


@pytest.fixture(scope="module")
def servers(stack: FullStack) -> Iterator[FullServers]:
    made = FullServers(stack.tenant)
    yield made
    made.clear()


@pytest.fixture(scope="module")
def lost(stack: FullStack, servers: FullServers) -> Iterator[tuple[FullServer, Json]]:
    """A server that is deleted with its disks and ports, and its backup."""
    full = servers.make()
    with stack.protected(full.id) as vault:
        backup = stack.back_up(vault, "before")
        servers.delete(full)
        yield full, backup


def test_a_deleted_server_comes_back_as_it_was(
    stack: FullStack, servers: FullServers, lost: tuple[FullServer, Json]
):
    full, backup = lost
    made = restored_as_new(stack, backup["id"], network="keep")
    try:
        compare(stack, backup, made, least=LEAST)
    finally:
        servers.delete(servers.like(made, full))


def test_a_server_comes_back_into_an_emptied_project(
    stack: FullStack, servers: FullServers, lost: tuple[FullServer, Json]
):
    """Its networks and router, its security groups, server group and key pair are gone too."""
    full, backup = lost
    servers.delete_surroundings(full)
    groups = [{"security_group_id": one, "target": "new"} for one in full.groups]
    routers = [{"router_id": full.router, "target": "new"}]
    chosen = {"security_groups": groups, "server_group": "new", "routers": routers}
    made = restored_as_new(stack, backup["id"], network="new", **chosen)
    try:
        compare(stack, backup, made, least=LEAST)
    finally:
        again = servers.like(made, full)
        servers.delete(again)
        servers.delete_surroundings(again)
