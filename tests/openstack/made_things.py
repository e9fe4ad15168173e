"""What a project has of the kinds of things that restores make, and the removal of what was made meanwhile."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from democloud.client import Client
from sdk.installation import eventually

Things = dict[tuple[str, str], set[str]]

_KINDS = {
    "/servers": ("compute", ""),
    "/snapshots": ("volumev3", ""),
    "/volumes": ("volumev3", ""),
    "/v2.0/trunks": ("network", "project_id"),
    "/v2.0/ports": ("network", "project_id"),
    "/v2.0/networks": ("network", "project_id"),
    "/v2.0/security-groups": ("network", "project_id"),
    "/v2/images": ("image", "owner"),
}
"""Path -> service and by what a list is held to one project, in the order in which things can go."""


def things(owner: Client) -> Things:
    """Say what the project has, by service and path: ids."""
    found = {}
    for path, (service, of_project) in _KINDS.items():
        query = f"?{of_project}={owner.project_id}" if of_project else ""
        key = path.rpartition("/")[2].replace("-", "_")
        found[service, path] = {row["id"] for row in owner.get(service, path + query)[key]}
    return found


def made_since(owner: Client, before: Things) -> Counter[str]:
    """Count what the project has more than before, by kind."""
    return Counter(
        {
            path.rpartition("/")[2]: len(ids - before[service, path])
            for (service, path), ids in things(owner).items()
            if ids - before[service, path]
        }
    )


@contextmanager
def emptied(owner: Client) -> Iterator[Things]:
    """Remove what was made in the project meanwhile, whatever came of it; yield what it had."""
    before = things(owner)
    try:
        yield before
    finally:
        for (service, path), ids in things(owner).items():
            for one in ids - before[service, path]:
                eventually(
                    lambda one=one, where=path, by=service: _gone(owner, by, f"{where}/{one}"), one, 240
                )


def _gone(owner: Client, service: str, path: str) -> bool:
    answer = owner.call("DELETE", service, path)
    assert answer.status_code in {202, 204, 404, 400, 409}, answer.text
    return answer.status_code == 404
