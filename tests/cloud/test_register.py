"""What an admin sets up once: twice does nothing more."""

import pytest

from opencbr.cloud.errors import BadSettings, Denied

from .clouds import CloudEnv


def endpoints(env: CloudEnv) -> set[tuple[str, str]]:
    transport = env.as_cloud("admin")._scopes.home
    service = transport.get("identity", "/services", {"type": "cbr"}).json()["services"][0]
    rows = transport.get("identity", "/endpoints", {"service_id": service["id"]}).json()["endpoints"]
    return {(row["interface"], row["url"]) for row in rows}


def test_a_new_user_gets_roles_and_the_catalogue_an_entry(env: CloudEnv):
    admin = env.as_cloud("admin")
    said = admin.register(endpoint="http://127.0.0.1:8780", user="opencbr-2", password="long enough to keep")
    assert said[0] == "created user opencbr-2 in domain Default"
    assert not any(sentence.startswith("already") for sentence in said)
    assert "long enough to keep" not in " ".join(said)
    wanted = {(name, "http://127.0.0.1:8780/v3/$(project_id)s") for name in ("public", "internal", "admin")}
    assert endpoints(env) == wanted

    again = admin.register(endpoint="http://127.0.0.1:8780/v3/", user="opencbr-2")
    assert all(sentence.startswith("already there") for sentence in again)
    assert endpoints(env) == wanted

    other = admin.register(endpoint=None, user="opencbr-2", password="another one that is long")
    assert other[0] == "already there: user opencbr-2 in domain Default, whose password stays as it was"

    moved = admin.register(endpoint="https://backup.example.org", user="opencbr-2")
    assert sum(sentence.startswith("changed") for sentence in moved) == 3
    assert endpoints(env) == {(name, "https://backup.example.org/v3/$(project_id)s") for name, _ in wanted}


def test_a_registered_user_can_work_for_a_tenant(env: CloudEnv, tmp_path):
    env.as_cloud("admin").register(endpoint=None, user="opencbr-3", password="long enough to keep")
    account = env.demo.account("opencbr")
    text = env.clouds_file.read_text().replace(account["password"], "long enough to keep")
    file = tmp_path / "clouds.yaml"
    file.write_text(text.replace("username: opencbr\n", "username: opencbr-3\n"))
    cloud = CloudEnv(env.demo, file, env.clock, env.cloud).as_cloud("opencbr")
    assert all(finding.ok for finding in cloud.check())
    assert cloud.project(env.project_id).find_snapshot("none", "none") is None


def test_names_that_do_not_exist_are_told(env: CloudEnv):
    admin = env.as_cloud("admin")
    with pytest.raises(BadSettings, match="no user nobody in domain Default"):
        admin.register(endpoint=None, user="nobody")
    with pytest.raises(BadSettings, match="no domain named Elsewhere"):
        admin.register(endpoint=None, tenant_domain="Elsewhere")
    with pytest.raises(BadSettings, match="no role named janitor"):
        admin.register(endpoint=None, role="janitor")


def test_a_member_cannot_register(env: CloudEnv):
    with pytest.raises(Denied):
        env.as_cloud("demo").register(endpoint=None)
