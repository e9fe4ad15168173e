"""What waiting clients can have this process hold of upstream's lists is bounded, whatever the cloud answers."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from urllib3 import HTTPResponse

from opencbr import deadline
from opencbr.cloud import adapter
from opencbr.cloud.errors import Unreachable

from .clouds import CloudEnv

AT_ONCE = 12


def volumes(env: CloudEnv, number: int, size: int = 0) -> str:
    """A list of so many volumes, each with a description of so many bytes."""
    row = {"os-vol-tenant-attr:tenant_id": env.project_id, "description": "x" * size}
    return json.dumps({"volumes": [{"id": f"v{n}"} | row for n in range(number)]})


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of bytes that were read of answers."""
    read1, found = HTTPResponse.read1, []

    def counted(self, *args, **more):
        part = read1(self, *args, **more)
        found.append(len(part))
        return part

    monkeypatch.setattr(HTTPResponse, "read1", counted)
    return found


def test_of_lists_that_clients_wait_for_a_bounded_part_is_read(env: CloudEnv, read: list[int]):
    length = 2 * adapter.WAITED_LIMIT
    fault = env.demo.faults.inject(
        service="volume", path="/volumes/detail", times=0, status=200, body=volumes(env, 200, length // 200)
    )

    def ask(_: int) -> str:
        with deadline.within(60), pytest.raises(Unreachable) as raised:
            env.cloud.reader().list_volumes(env.project_id, limit=200)
        return str(raised.value)

    with ThreadPoolExecutor(AT_ONCE) as clients:
        said = set(clients.map(ask, range(AT_ONCE)))
    assert all(one.endswith(f"the answer has more than {adapter.WAITED_LIMIT} bytes") for one in said), said
    assert fault.hits == AT_ONCE, "it would be as long again"
    assert sum(read) <= AT_ONCE * (adapter.WAITED_LIMIT + 64 * 1024)


def test_a_job_may_read_more(env: CloudEnv):
    env.demo.faults.inject(
        service="volume",
        path="/volumes/detail",
        status=200,
        body=volumes(env, 200, adapter.WAITED_LIMIT // 100),
    )
    assert len(env.cloud.reader().list_volumes(env.project_id, limit=200)) == 200


def test_a_page_with_more_rows_than_were_asked_for_is_refused(env: CloudEnv):
    env.demo.faults.inject(
        service="volume", path="/volumes/detail", times=0, status=200, body=volumes(env, 3)
    )
    reader = env.cloud.reader()
    assert len(reader.list_volumes(env.project_id, limit=3)) == 3
    with pytest.raises(Unreachable, match="the API promises: 3 rows where 2 were asked for"):
        reader.list_volumes(env.project_id, limit=2)
    env.demo.faults.inject(
        service="compute",
        path="/servers/detail",
        times=0,
        status=200,
        body=json.dumps({"servers": [{"id": "a"}, {"id": "b"}]}),
    )
    with pytest.raises(Unreachable, match="2 rows where 1 were asked for"):
        reader.list_servers(env.project_id, limit=1)
