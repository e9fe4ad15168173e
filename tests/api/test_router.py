"""The tree of paths: what is written out wins, a parameter is never empty, and each path knows its methods."""

import pytest

from opencbr.api.errors import GatewayError
from opencbr.api.router import Paths


def saying(word):
    return lambda _environ, _request_id, path: ("200 OK", f"{word} {path}".encode(), ())


@pytest.fixture(name="paths")
def _paths():
    paths = Paths()
    paths.add("/", {"GET": saying("root")})
    paths.add("/v3", {"GET": saying("versions")})
    paths.add("/v3/", {"GET": saying("versions")})
    paths.add("/v3/{project_id}/vaults", {"GET": saying("list"), "POST": saying("create")})
    paths.add("/v3/{project_id}/vaults/{vault_id}", {"PUT": saying("update")})
    paths.add("/v3/{project_id}/vaults/summary", {"GET": saying("summary")})
    paths.add("/v3/{project_id}/vaults/{vault_id}/tags/{key}", {"DELETE": saying("untag")})
    return paths


def ask(paths, method, path):
    responder, parameters = paths.find(method, path)
    return responder({}, "req-1", parameters)[1].decode()


@pytest.mark.parametrize(
    ("method", "path", "answer"),
    [
        ("GET", "/", "root {}"),
        ("GET", "/v3/", "versions {}"),
        ("POST", "/v3/p/vaults", "create {'project_id': 'p'}"),
        ("GET", "/v3/p/vaults/summary", "summary {'project_id': 'p'}"),
        ("HEAD", "/v3/p/vaults/summary", "summary {'project_id': 'p'}"),
        ("PUT", "/v3/p/vaults/v", "update {'project_id': 'p', 'vault_id': 'v'}"),
        ("DELETE", "/v3/p/vaults/v/tags/k", "untag {'project_id': 'p', 'vault_id': 'v', 'key': 'k'}"),
    ],
)
def test_a_path_leads_to_its_responder(paths, method, path, answer):
    assert ask(paths, method, path) == answer


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
def test_a_path_that_is_not_offered(paths, path):
    with pytest.raises(GatewayError) as caught:
        paths.find("GET", path)
    assert caught.value.status == 404


def test_a_method_that_is_not_offered_names_those_that_are(paths):
    with pytest.raises(GatewayError) as caught:
        paths.find("DELETE", "/v3/p/vaults")
    assert (caught.value.status, caught.value.headers) == (405, (("Allow", "GET, HEAD, OPTIONS, POST"),))
    assert paths.find("OPTIONS", "/v3/p/vaults")[0]({}, "", {})[2] == caught.value.headers
