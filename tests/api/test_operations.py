"""All operations of the contract: the table has room for each, and what is not offered is said by name."""

import json
import re
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any

import msgspec
import pytest
from msgspec import Struct

from opencbr.api.app import create_app
from opencbr.api.auth import Session, SignIn
from opencbr.api.cbr.operations import OPERATIONS
from opencbr.api.dispatch import Dependencies
from opencbr.api.handler_types import Content
from opencbr.api.openapi import document
from opencbr.api.request import Request
from opencbr.api.rights import Rights
from opencbr.api.route import Operation, Route
from opencbr.api.routes import ROUTES
from opencbr.clock import SystemClock
from opencbr.model.caller import Caller
from support.rsgi import Answer, answer_of

from .api_server import ApiServer

CONTRACT = json.loads((Path(__file__).parents[2] / "src/opencbr/contract/operations.json").read_text())
OFFERED = {route.operation.name for route in ROUTES}
RESERVED = [operation for operation in OPERATIONS.values() if operation.name not in OFFERED]
PROJECT = "0" * 32


def named(operation: Operation) -> str:
    return operation.name


def test_the_table_is_the_contract_s():
    told = [(o["operation"], o["method"], o["path"], o["chapter"], o["success"]) for o in CONTRACT]
    ours = [(o.name, o.method, o.path, o.chapter, o.success) for o in OPERATIONS.values()]
    assert sorted(ours) == sorted(told)
    assert len(ours) == 74


# What is not offered


@pytest.mark.parametrize("operation", RESERVED, ids=named)
def test_what_is_not_offered_is_said_by_name(cbr: ApiServer, operation):
    path = re.sub(r"\{\w+\}", "0" * 32, operation.path)
    answer = cbr.call(operation.method, path, account=None)
    assert answer.status_code == 404
    assert answer.json()["error_code"] == "APIGW.0101"
    assert f"CBR's {operation.name} is not offered here" in answer.json()["error_msg"]


def test_what_is_not_offered_is_not_in_the_document(cbr: ApiServer):
    paths = cbr.call("GET", "/openapi.json", account=None).json()["paths"]
    told = {operation["operationId"] for methods in paths.values() for operation in methods.values()}
    assert told == OFFERED


# Every operation, offered by a stub


class Seen(Struct):
    """What reached a handler."""

    operation: str
    project_id: str
    path: dict[str, str]
    taken: Any


def stub(operation: Operation) -> Route:
    """Offer an operation with a query or body of its own."""
    query = body = None
    if operation.method in {"POST", "PUT"}:
        body = msgspec.defstruct(f"{operation.name}Request", [("word", str)])
    elif operation.name.startswith("List"):
        query = msgspec.defstruct(f"{operation.name}Filter", [("word", str, "")])

    def handler(request: Request[query, body]) -> Seen:
        taken = request.query if query else request.body if body else None
        return Seen(operation.name, request.ctx.project_id, {**request.path}, taken)

    def nothing(request: Request[query, body]) -> None:
        handler(request)

    kind = nothing if operation.success == 204 else handler
    return Route(
        operation=operation, handler=kind, right="cbr:vaults:list", summary=operation.name, description=""
    )


@cache
def application(routes: tuple[Route, ...]) -> Any:
    """An application of these routes that takes everybody for an admin of PROJECT."""
    caller = Caller(
        user_id="u",
        user_name="n",
        project_id=PROJECT,
        project_domain_id="default",
        roles=frozenset({"admin"}),
    )
    dependencies = Dependencies(
        services=SimpleNamespace(),
        authenticator=SimpleNamespace(recall=lambda *_: SignIn(Session(caller))),
        rights=Rights(routes),
        clock=SystemClock(),
    )
    return create_app(dependencies, None, routes)


def ask(routes: tuple[Route, ...], method: str, path: str, query: str = "", body: bytes = b"") -> Answer:
    """Ask that application."""
    return answer_of(application(routes), method, path, query, body, {"x-auth-token": "t"})


STUBS = tuple(map(stub, OPERATIONS.values()))


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=named)
def test_the_table_has_room_for_every_operation(operation):
    names = [name for name in re.findall(r"\{(\w+)\}", operation.path) if name != "project_id"]
    path = operation.path.replace("{project_id}", PROJECT)
    for name in names:
        path = path.replace(f"{{{name}}}", f"a-{name}")
    word = {"word": "w"}
    sends = operation.method in {"POST", "PUT"}
    body = msgspec.json.encode(word) if sends else b""
    answer = ask(STUBS, operation.method, path, "word=w", body)
    assert answer.status == operation.success, answer.body
    if operation.success == 204:
        assert answer.body == b""
        assert "Content-Type" not in answer.headers
        return
    assert json.loads(answer.body) == {
        "operation": operation.name,
        "project_id": PROJECT,
        "path": {name: f"a-{name}" for name in names},
        "taken": word if sends or operation.name.startswith("List") else None,
    }
    if sends:
        assert ask(STUBS, operation.method, path, "", b'{"word": 1}').status == 400


def test_the_document_has_room_for_every_operation():
    whole = json.loads(msgspec.json.encode(document(STUBS)))
    told = {
        (operation["operationId"], method.upper(), path)
        for path, methods in whole["paths"].items()
        for method, operation in methods.items()
    }
    assert told == {(o.name, o.method, o.path) for o in OPERATIONS.values()}
    for operation in OPERATIONS.values():
        shown = whole["paths"][operation.path][operation.method.lower()]
        assert [one["name"] for one in shown["parameters"] if one["in"] == "path"] == re.findall(
            r"\{(\w+)\}", operation.path
        )
    for reference in re.findall(r'"\$ref":\s*"#/components/([^"]+)"', json.dumps(whole)):
        kind, _, name = reference.partition("/")
        assert name in whole["components"][kind]


@pytest.mark.parametrize("project", ["1" * 32, PROJECT])
def test_a_project_in_a_path_is_the_credential_s(project):
    assert ask(STUBS, "GET", f"/v3/{project}/vaults").status == (200 if project == PROJECT else 403)


# What a handler's signature says


def offered(handler: Any, method: str = "GET") -> tuple[Route, ...]:
    operation = Operation("Probe", method, "/v3/{project_id}/probes", "Probe")
    return (
        Route(operation=operation, handler=handler, right="cbr:vaults:list", summary="Probe", description=""),
    )


def test_an_answer_may_be_of_another_media_type():
    def export(_request: Request[None, None]) -> Annotated[bytes, Content(media_type="text/csv")]:
        return b"a;b"

    answer = ask(offered(export), "GET", f"/v3/{PROJECT}/probes")
    assert (answer.headers["Content-Type"], answer.body) == ("text/csv", b"a;b")
    shown = document(offered(export))["paths"]["/v3/{project_id}/probes"]["get"]
    assert shown["responses"]["200"]["content"] == {"text/csv": {}}


@pytest.mark.parametrize("path", ["/v3/0/probes", "/nowhere"])
def test_an_error_is_json_whatever_the_answer_would_have_been(path):
    def export(_request: Request[None, None]) -> Annotated[bytes, Content(media_type="text/csv")]:
        return b""

    assert ask(offered(export), "GET", path).headers["Content-Type"] == "application/json"


def test_a_handler_without_types_is_refused_at_the_start():
    def silent(request):
        return None

    def bare(request: Request[None, None]) -> bytes:
        return b""

    for handler in (silent, bare):
        with pytest.raises(TypeError, match=handler.__name__):
            ask(offered(handler), "GET", "/")


def test_two_types_of_one_name_are_refused_at_the_start():
    inner, other = (msgspec.defstruct("Thing", [("word", kind)], module=str(kind)) for kind in (str, int))
    body = msgspec.defstruct("Outer", [("thing", other)])

    def handler(request: Request[None, body]) -> inner:
        return inner("")

    with pytest.raises(ValueError, match="Thing"):
        ask(offered(handler, "POST"), "GET", "/")


# Version discovery


@pytest.mark.parametrize("endpoint", ["https://backup.example.org", "https://backup.example.org/"])
def test_discovery_names_the_endpoint_that_the_operator_has_said(endpoint):
    """And not what a client may have written into its Host."""
    dependencies = Dependencies(
        services=SimpleNamespace(),
        authenticator=SimpleNamespace(),
        rights=Rights(ROUTES),
        clock=SystemClock(),
        endpoint=endpoint,
    )
    answer = answer_of(create_app(dependencies, None), "GET", "/", "", b"", {"host": "evil.example.org"})
    (version,) = json.loads(answer.body)["versions"]
    assert version["links"] == [{"rel": "self", "href": "https://backup.example.org/v3"}]
