"""What another project shares with this one alone is kept as this project is shown it; all else of theirs is left out."""

from collections.abc import Callable

import pytest

from opencbr.cloud.second_reading import read_again
from opencbr.model.document import FOREIGN, Reading

from .clouds import CloudEnv, names

RBAC = "00000000-0000-4000-8000-00000000000a"
STRANGE = "00000000-0000-4000-8000-00000000000c"


def gone_to_another(env: CloudEnv, kind: str, **fields: object) -> dict:
    """Make a thing of db1's project another project's; return it as it was."""
    with env.demo.backend.state.change():
        thing = env.demo.backend.state.find(kind, **fields)
        assert thing is not None, fields
        theirs = {"project_id": env.other_project_id, "tenant_id": env.other_project_id}
        env.demo.backend.state.put(kind, thing | theirs)
    return thing


def network(env: CloudEnv) -> str:
    thing = gone_to_another(env, "network", name="demo-back")
    for subnet in thing["subnets"]:
        gone_to_another(env, "subnet", id=subnet)
    return f"network/{thing['id']}"


def security_group(env: CloudEnv) -> str:
    return f"security_group/{gone_to_another(env, 'security-group', name='database')['id']}"


def of_nobody(env: CloudEnv, kind: str, **fields: object) -> dict:
    thing = {"id": RBAC[:-1] + "b", "project_id": env.project_id, "name": kind, "shared": False, "tags": []}
    thing |= {"description": "", "created_at": "", "updated_at": "", "revision_number": 0, **fields}
    with env.demo.backend.state.change():
        env.demo.backend.state.put(kind, thing)
    return gone_to_another(env, kind, name=kind)


def qos_policy(env: CloudEnv) -> str:
    policy = of_nobody(env, "qos-policy", rules=[])
    with env.demo.backend.state.change():
        port = env.demo.backend.state.find("port", name="db1-front")
        env.demo.backend.state.put("port", port | {"qos_policy_id": policy["id"]})
    return f"qos_policy/{policy['id']}"


def address_group(env: CloudEnv) -> str:
    group = of_nobody(env, "address-group", addresses=["198.51.100.0/24"])
    with env.demo.backend.state.change():
        rule = env.demo.backend.state.find("security-group-rule", protocol="tcp")
        env.demo.backend.state.put("security-group-rule", rule | {"remote_address_group_id": group["id"]})
    return f"address_group/{group['id']}"


def image(env: CloudEnv) -> str:
    thing = gone_to_another(env, "image", name="tiny")
    with env.demo.backend.state.change():
        now = env.demo.backend.state.get("image", thing["id"])
        env.demo.backend.state.put("image", now | {"visibility": "shared"})
    return f"image/{thing['id']}"


def shared(env: CloudEnv, name: str) -> None:
    """Share it with db1's project, as Neutron and Glance keep that."""
    kind, _, id_ = name.partition("/")
    state = env.demo.backend.state
    with state.change():
        if kind == "image":
            state.put("image", state.get("image", id_) | {"members": {env.project_id: {}}})
            return
        policy = {"id": RBAC, "project_id": env.other_project_id, "tenant_id": env.other_project_id}
        policy |= {"object_id": id_, "object_type": kind, "target_tenant": env.project_id}
        state.put("rbac-policy", policy | {"action": "access_as_shared"})


@pytest.fixture(autouse=True)
def _as_before(env: CloudEnv):
    kinds = ("network", "subnet", "security-group", "security-group-rule", "qos-policy", "address-group")
    kinds += ("image", "port", "rbac-policy")
    state = env.demo.backend.state
    with state.change():
        before = {kind: state.all(kind) for kind in kinds}
    yield
    with state.change():
        for kind in kinds:
            for thing in state.all(kind):
                state.drop(kind, thing["id"])
            for thing in before[kind]:
                state.put(kind, thing)


def told(reading: Reading) -> tuple:
    return reading.unread, reading.hidden, reading.gaps


@pytest.mark.parametrize("of_another", [network, security_group, qos_policy, address_group, image])
def test_what_is_shared_with_the_project_alone_is_kept(env: CloudEnv, of_another: Callable[[CloudEnv], str]):
    name = of_another(env)
    left_out = env.read("db1")
    assert name not in names(left_out.documents)
    # The id of an image can be a tenant's own guess: it is told what the project itself is told, as of one that is gone.
    is_image = name.startswith("image/")
    assert (
        (name, FOREIGN, 200) in [(one.name, one.outcome, one.status) for one in left_out.unread]
    ) != is_image
    shared(env, name)
    env.demo.calls.clear()
    reading = env.read("db1")
    assert name in names(reading.documents)
    assert told(reading) == ((), (), ())
    path = next(document for document in reading.documents if document.name == name).path
    seen_by = [call.project_id for call in env.demo.calls.find() if call.path.endswith(path)]
    assert seen_by[-1] == env.project_id, "it is kept as this project is shown it"
    as_tenant = [
        c for c in env.demo.calls.find() if c.service != "identity" and c.project_id == env.project_id
    ]
    assert len(as_tenant) == 1, "the project is asked for nothing else"


def test_one_s_own_and_what_is_public_needs_no_question(env: CloudEnv):
    env.demo.calls.clear()
    env.read("db1")
    assert {c.project_id for c in env.demo.calls.find() if c.service != "identity"} == {
        env.demo.account("opencbr")["project_id"]
    }


def test_a_port_to_which_a_stranger_gives_the_server_s_id_is_not_the_server_s(env: CloudEnv):
    """Anybody who knows the id can do so, and Nova lists the port to an administrator."""
    server, state = env.server_id("db1"), env.demo.backend.state
    with state.change():
        port = state.find("port", name="db1-front")
        strange = port | {"id": STRANGE, "name": "strange", "project_id": env.other_project_id, "plugged": 0}
        state.put("port", strange)
    path = f"/servers/{server}/os-interface"
    assert STRANGE.encode() in env.cloud.reader().ask("compute", path).body
    first = env.read("db1")
    for reading in (first, read_again(env.cloud.reader(), first, env.clock)):
        assert told(reading) == ((), (), ())
        assert names(reading.documents).count("interface") == 1
        assert [
            one.name for one in reading.documents if STRANGE in one.name or STRANGE.encode() in one.body
        ] == []
