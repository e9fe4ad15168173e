"""The tree of paths: what is written out wins, a parameter is never empty, and each path knows its methods."""

import asyncio

import pytest

from opencbr.api.errors import GatewayError
from opencbr.api.router import Router


def saying(word):
    async def respond(_exchange, _request_id, path):
        return 200, f"{word} {path}".encode(), ()

    return respond


@pytest.fixture(name="router")
def _router():
    router = Router()
    for method, path, word in (
        ("GET", "/", "root"),
        ("GET", "/v3", "versions"),
        ("GET", "/v3/", "versions"),
        ("GET", "/v3/{project_id}/vaults", "list"),
        ("POST", "/v3/{project_id}/vaults", "create"),
        ("PUT", "/v3/{project_id}/vaults/{vault_id}", "update"),
        ("GET", "/v3/{project_id}/vaults/summary", "summary"),
        ("DELETE", "/v3/{project_id}/vaults/{vault_id}/tags/{key}", "untag"),
        ("GET", "/v3/domain/{domain_name}/projects", "projects"),
        ("GET", "/v3/domain/{source_project_id}", "domain"),
        ("POST", "/v3/domain/{target}", "move"),
        ("PUT", "/v3/domain/{target}/{domain_name}", "rename"),
    ):
        router.add(method, path, saying(word))
    router.reserve("GET", "/v3/{project_id}/vaults/external", "ListExternalVault")
    router.reserve("PUT", "/v3/{project_id}/vaults", "ReplaceVaults")
    return router


def ask(router, method, path):
    responder, parameters = router.find(method, path)
    return asyncio.run(responder(None, "req-1", parameters))[1].decode()


def refused(router, method, path):
    with pytest.raises(GatewayError) as caught:
        router.find(method, path)
    return caught.value


@pytest.mark.parametrize(
    ("method", "path", "answer"),
    [
        ("GET", "/", "root {}"),
        ("GET", "/v3/", "versions {}"),
        ("POST", "/v3/p/vaults", "create {'project_id': 'p'}"),
        ("GET", "/v3/p/vaults/summary", "summary {'project_id': 'p'}"),
        ("HEAD", "/v3/p/vaults/summary", "summary {'project_id': 'p'}"),
        ("PUT", "/v3/p/vaults/v", "update {'project_id': 'p', 'vault_id': 'v'}"),
        ("GET", "/v3/domain/d/projects", "projects {'domain_name': 'd'}"),
        ("GET", "/v3/domain/d", "domain {'source_project_id': 'd'}"),
        ("POST", "/v3/domain/d", "move {'target': 'd'}"),
        ("PUT", "/v3/domain/d/n", "rename {'target': 'd', 'domain_name': 'n'}"),
        ("DELETE", "/v3/p/vaults/v/tags/k", "untag {'project_id': 'p', 'vault_id': 'v', 'key': 'k'}"),
    ],
)
def test_a_path_leads_to_its_responder(router, method, path, answer):
    assert ask(router, method, path) == answer


@pytest.mark.parametrize(
    "path",
    [
        *(
            "",
            "/v2",
            "/v3/p",
            "/v3/p/vaults/",
            "/v3//vaults",
            "/v3/p/vaults/v/tags",
            "/v3/p/vaults/v/tags/k/x",
        ),
        "v3",
    ],
)
def test_a_path_that_is_not_offered(router, path):
    assert refused(router, "GET", path).status == 404


def test_a_method_that_is_not_offered_names_those_that_are(router):
    error = refused(router, "DELETE", "/v3/p/vaults")
    assert (error.status, error.headers) == (405, (("Allow", "GET, HEAD, OPTIONS, POST"),))
    options, _ = router.find("OPTIONS", "/v3/p/vaults")
    assert asyncio.run(options(None, "", {}))[2] == error.headers


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_is_reserved_is_refused_by_its_name_and_is_no_id(router, method):
    error = refused(router, method, "/v3/p/vaults/external")
    assert (error.status, error.code) == (404, "APIGW.0101")
    assert "CBR's ListExternalVault is not offered here yet" in error.message


@pytest.mark.parametrize("method", ["PUT", "OPTIONS"])
def test_a_path_where_all_is_reserved_offers_nothing(router, method):
    assert refused(router, method, "/v3/p/vaults/external").status == 404


def test_a_method_can_be_reserved_beside_others_that_are_offered(router):
    assert "ReplaceVaults" in refused(router, "PUT", "/v3/p/vaults").message
    assert ask(router, "POST", "/v3/p/vaults").startswith("create")


def test_an_operation_twice_is_refused(router):
    with pytest.raises(ValueError, match="twice"):
        router.add("PUT", "/v3/{project}/vaults/{id}", saying("again"))


@pytest.mark.parametrize("path", ["/v3/{a}/x/{a}", "/v3/{key}/vaults/{project_id}/tags/{project_id}"])
def test_a_path_with_two_parameters_of_one_name_is_refused(router, path):
    with pytest.raises(ValueError, match="one name"):
        router.add("GET", path, saying("never"))
