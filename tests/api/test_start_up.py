"""What clients with an access key ask at their start: the vendor's SDK, told a region alone, and Terraform (contract 9.4)."""

import pytest
import requests
from huaweicloudsdkcbr.v1 import CbrClient, ListVaultRequest
from huaweicloudsdkcore.auth.credentials import BasicCredentials, Credentials, GlobalCredentials
from huaweicloudsdkcore.client import ClientBuilder
from huaweicloudsdkcore.exceptions.exceptions import SdkException
from huaweicloudsdkcore.region.region import Region
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer

from opencbr.model.caller import Caller
from opencbr.service.scopes import Scopes

from .api_server import ApiServer

REGION = "RegionOne"
"""As clouds.yaml of the embedded cloud has it."""


@pytest.fixture(autouse=True)
def _nothing_remembered(monkeypatch):
    # The SDK keeps what it has found by key and region, for all clients of a process.
    monkeypatch.setattr(Credentials, "_CACHE", {})


def sdk(cbr: ApiServer, region: str = REGION, account: str = "demo", secret: str = "") -> CbrClient:
    """A client that is told a region, and where IAM is; nothing of a project."""
    access, own = cbr.cloud.access_key(account)
    credentials = BasicCredentials(access, secret or own).with_iam_endpoint(cbr.url)
    return CbrClient.new_builder().with_credentials(credentials).with_region(Region(region, cbr.url)).build()


def as_terraform(cbr: ApiServer, path: str, account: str = "demo", secret: str = "") -> requests.Response:
    """Ask as Terraform does: signed, X-Project-Id and X-Domain-Id added unsigned afterwards (trap T29)."""
    access, own = cbr.cloud.access_key(account)
    plain, _, query = path.partition("?")
    request = SdkRequest(
        method="GET",
        schema="http",
        host=cbr.url.removeprefix("http://"),
        resource_path=plain,
        query_params=[tuple(pair.split("=")) for pair in query.split("&") if pair],
        header_params={"Content-Type": "application/json"},
        body="",
    )
    ready = Signer(BasicCredentials(access, secret or own)).sign(request)
    headers = ready.header_params | {"X-Project-Id": cbr.project("other"), "X-Domain-Id": "another"}
    return requests.get(cbr.url + ready.uri, headers=headers, timeout=30, allow_redirects=False)


def test_the_sdk_told_a_region_finds_its_project(cbr: ApiServer):
    vault, foreign = cbr.vault(), cbr.vault("other")
    found = sdk(cbr).list_vault(ListVaultRequest())
    ids = [one.id for one in found.vaults]
    assert vault.id in ids
    assert foreign.id not in ids
    assert foreign.id in [one.id for one in sdk(cbr, account="other").list_vault(ListVaultRequest()).vaults]


def test_the_sdk_finds_its_iam_by_the_environment(cbr: ApiServer, monkeypatch):
    monkeypatch.setenv("HUAWEICLOUD_SDK_IAM_ENDPOINT", cbr.url)
    access, secret = cbr.cloud.access_key("demo")
    credentials = BasicCredentials(access, secret)
    CbrClient.new_builder().with_credentials(credentials).with_region(Region(REGION, cbr.url)).build()
    assert credentials.project_id == cbr.project()


def test_the_sdk_told_another_region_is_told_that_there_is_no_project(cbr: ApiServer):
    with pytest.raises(SdkException, match="Failed to get project id of region 'cn-north-4'"):
        sdk(cbr, "cn-north-4")


def test_the_sdk_with_a_wrong_secret_is_refused(cbr: ApiServer):
    with pytest.raises(SdkException, match=r"APIGW\.0301"):
        sdk(cbr, secret="wrong")


def test_the_sdk_s_credentials_of_a_domain_find_it(cbr: ApiServer):
    access, secret = cbr.cloud.access_key("demo")
    credentials = GlobalCredentials(access, secret).with_iam_endpoint(cbr.url)
    builder = ClientBuilder(CbrClient, "GlobalCredentials").with_credentials(credentials)
    builder.with_region(Region(REGION, cbr.url)).build()
    assert credentials.domain_id == "default"


def test_terraform_finds_project_and_domain(cbr: ApiServer):
    answer = as_terraform(cbr, f"/v3/projects?name={REGION}")
    assert answer.status_code == 200, answer.text
    (project,) = answer.json()["projects"]
    # It keeps projects by their names, and looks the region up among them.
    assert (project["id"], project["name"]) == (cbr.project(), REGION)
    assert (project["domain_id"], project["enabled"], project["is_domain"]) == ("default", True, False)
    answer = as_terraform(cbr, "/v3/auth/domains?name=Default")
    (domain,) = answer.json()["domains"]
    assert (domain["id"], domain["name"]) == (project["domain_id"], "Default")
    for listed in (answer.json(), as_terraform(cbr, "/v3/projects").json()):
        assert listed["links"] == {"next": None, "previous": None}  # where Go's pages end


@pytest.mark.parametrize(
    ("query", "found"),
    [("", 1), ("?name=", 1), ("?name=cn-north-4", 0), ("?name=regionone", 0), (f"?name=a&name={REGION}", 1)],
)
def test_a_name_is_this_project_s_or_nobody_s(cbr: ApiServer, query, found):
    answer = cbr.call("GET", f"/v3/projects{query}")
    assert (answer.status_code, len(answer.json()["projects"])) == (200, found)


def test_a_project_is_found_by_its_own_name_and_never_another_s(cbr: ApiServer):
    def name_of(account: str) -> str:
        (listed,) = cbr.call("GET", "/v3/projects", account=account).json()["projects"]
        assert listed["id"] == cbr.project(account)
        return str(listed["name"])

    own, other = name_of("demo"), name_of("other")
    assert [one["id"] for one in as_terraform(cbr, f"/v3/projects?name={own}").json()["projects"]] == [
        cbr.project()
    ]
    assert as_terraform(cbr, f"/v3/projects?name={other}").json()["projects"] == []
    assert as_terraform(cbr, "/v3/auth/domains?name=elsewhere").json()["domains"] == []


@pytest.mark.parametrize("path", ["/v3/projects", "/v3/auth/domains"])
def test_nobody_and_a_bad_signature_are_refused(cbr: ApiServer, path):
    for answer in (cbr.call("GET", path, account=None), as_terraform(cbr, path, secret="wrong")):
        assert (answer.status_code, answer.json()["error_code"]) == (401, "APIGW.0301")
    assert cbr.call("GET", f"{path}?name={'x' * 300}").status_code == 400


def test_a_project_called_like_another_s_region_is_found_by_both_names():
    caller = Caller(
        user_id="u",
        user_name="n",
        project_id="p",
        project_name="west",
        project_domain_id="d",
        project_domain_name="D",
        roles=frozenset(),
    )
    assert Scopes("east").project_name(caller, ["west"]) == "west"
    assert Scopes("east").project_name(caller, ["east"]) == "east"
    assert Scopes("").project_name(caller, ["east"]) is None
    assert Scopes("").has_domain(caller, ["D"])
    assert not Scopes("").has_domain(caller, ["d"])
