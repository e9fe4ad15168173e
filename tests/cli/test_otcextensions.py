"""The client behind `openstack cbr`, unmodified, against a running installation."""

import pytest
from otcextensions import sdk

import openstack

# The SDK's proxies, resources and exceptions still use what it deprecates itself.
pytestmark = pytest.mark.filterwarnings("ignore::openstack.warnings.RemovedInSDK50Warning")


@pytest.fixture(name="cbr")
def _cbr(demo):
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
    yield connection.cbr
    connection.close()


def test_it_finds_what_the_demo_has_made(cbr, demo):
    (vault,) = cbr.vaults()
    assert cbr.get_vault(vault.id).name == vault.name == "demo"
    assert cbr.find_vault("demo", ignore_missing=False).id == vault.id
    assert vault.resources[0]["name"] == "db1"
    (backup,) = cbr.backups(vault_id=vault.id)
    assert backup.id == demo.env()["OPENCBR_BACKUP_ID"]
    shown = cbr.get_backup(backup.id)
    assert (shown.status, shown.resource_name) == ("available", "db1")
    assert {child["resource_type"] for child in shown.children} == {"OS::Cinder::Volume"}
    assert cbr.get_checkpoint(backup.checkpoint_id).status == "available"


def test_tasks_are_listed(cbr):
    (task,) = cbr.tasks()
    assert (task.operation_type, task.status) == ("backup", "success")
    assert cbr.get_task(task.id).checkpoint_id == task.checkpoint_id


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda cbr: cbr.get_vault("0" * 32), "vault"),
        (lambda cbr: cbr.create_vault(name="a b", resources=[], billing={}), "vault"),
    ],
    ids=["not there", "not valid"],
)
def test_an_error_shows_its_sentence_and_its_request(cbr, call, sentence):
    """`openstack cbr` prints these two and nothing else of it."""
    with pytest.raises(openstack.exceptions.HttpException) as raised:
        call(cbr)
    error = raised.value
    told = error.response.json()
    assert sentence in told["message"]
    assert told["message"] in str(error)
    assert error.request_id == error.response.headers["X-Request-Id"]
