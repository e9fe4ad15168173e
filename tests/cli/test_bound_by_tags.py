"""A vault that binds by itself, made with the client behind `openstack cbr`; the demo's own worker binds."""

import pytest
from otcextensions import sdk

import openstack
from cli.conftest import running_demo
from sdk.installation import eventually

# The SDK's proxies, resources and exceptions still use what it deprecates itself.
pytestmark = pytest.mark.filterwarnings("ignore::openstack.warnings.RemovedInSDK50Warning")


@pytest.fixture(scope="module", name="connection")
def _connection(tmp_path_factory):
    with running_demo(tmp_path_factory.mktemp("demo")) as demo:
        env = demo.env()
        connection = openstack.connect(
            load_yaml_config=False,
            load_envvars=False,
            auth_url=env["OS_AUTH_URL"],
            username=env["OS_USERNAME"],
            password=env["OS_PASSWORD"],
            project_name=env["OS_PROJECT_NAME"],
            user_domain_name=env["OS_USER_DOMAIN_NAME"],
            project_domain_name=env["OS_PROJECT_DOMAIN_NAME"],
            region_name="RegionOne",
            cbr_endpoint_override=f"{env['OPENCBR_ENDPOINT']}/v3/{env['OPENCBR_PROJECT_ID']}",
        )
        sdk.register_otc_extensions(connection)
        yield connection
        connection.close()


def test_a_server_that_is_tagged_later_is_bound(connection):
    """As `openstack cbr vault create --auto-bind True --bind-rule backup=yes` sends it."""
    vault = connection.cbr.create_vault(
        name="by-tags",
        resources=[],
        auto_bind=True,
        bind_rules={"tags": [{"key": "backup", "value": "yes"}]},
        tags=[{"key": "made_by", "value": "osc"}],
        billing={
            "object_type": "server",
            "protect_type": "backup",
            "consistent_level": "crash_consistent",
            "size": 10,
        },
    )
    server = connection.compute.find_server("web1", ignore_missing=False)
    connection.compute.set_server_metadata(server, backup="yes")

    def shown():
        return connection.cbr.get(f"/vaults/{vault.id}").json()["vault"]

    eventually(lambda: shown()["resources"], "the server is bound")
    assert [(row["id"], row["bound_by_rules"]) for row in shown()["resources"]] == [(server.id, True)]
    assert shown()["tags"] == [{"key": "made_by", "value": "osc"}]
