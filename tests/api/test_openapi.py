"""The OpenAPI document is valid and complete: what is made from it finds everything said, and examples that are true."""

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from opencbr.api.cbr.operations import OPERATIONS
from opencbr.api.exchange import Exchange
from opencbr.api.openapi import document
from opencbr.api.openapi.code_samples import call_of
from opencbr.api.openapi.examples import EXAMPLES
from opencbr.api.rights import RULES
from opencbr.api.routes import ROUTES
from opencbr.console.credential import AccessKey, signable
from opencbr.samples import missing_of
from opencbr.samples.languages import LANGUAGES
from support.api_examples import made

from .api_server import ApiServer

DOCUMENT = json.loads(msgspec.json.encode(document(ROUTES)))
SCHEMAS = DOCUMENT["components"]["schemas"]
HERE = "urn:opencbr"
REGISTRY: Any = Registry().with_resource(
    HERE, Resource.from_contents(DOCUMENT, default_specification=DRAFT202012)
)
EACH = [
    pytest.param(operation, id=operation["operationId"])
    for path in DOCUMENT["paths"].values()
    for operation in path.values()
]
each_operation = pytest.mark.parametrize("operation", EACH)


def test_it_is_valid():
    OpenAPIV31SpecValidator(DOCUMENT).validate()


@each_operation
def test_an_operation_says_what_it_is_for(operation):
    assert len(operation["summary"]) > 10
    assert operation["description"].count(".") >= 2, "a description is a few sentences"
    assert operation["x-required-right"] in RULES
    (chapter,) = operation["tags"]
    assert next(tag for tag in DOCUMENT["tags"] if tag["name"] == chapter)["description"].endswith(".")


@each_operation
def test_each_parameter_is_described_and_bounded(operation):
    for one in operation["parameters"]:
        assert one["description"], one["name"]
        assert bounded(one["schema"]), f"{one['name']}: {one['schema']}"
        assert one["in"] != "path" or one["example"]


def bounded(schema: dict[str, Any]) -> bool:
    if "anyOf" in schema:
        return all(bounded(part) for part in schema["anyOf"])
    if schema.get("type") == "array":
        return bounded(schema["items"])
    if schema.get("type") == "string" and "enum" not in schema:
        return "maxLength" in schema or "minLength" in schema
    return schema.get("type") != "integer" or {"minimum", "maximum"} <= schema.keys()


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_member_is_described(name):
    assert SCHEMAS[name]["description"]
    assert [one for one, said in SCHEMAS[name]["properties"].items() if "description" not in said] == []


@each_operation
def test_there_is_an_example_of_request_and_answer(operation):
    if "requestBody" in operation:
        assert operation["requestBody"]["content"]["application/json"]["examples"]
    (good,) = [status for status in operation["responses"] if status < "300"]
    answer = operation["responses"][good]
    assert good == "204" or answer["content"]["application/json"]["examples"]
    assert "X-Request-Id" in answer["headers"]


@each_operation
def test_examples_are_what_their_schemas_say(operation):
    walked = 0
    for schema, value in shown(operation):
        Draft202012Validator(schema, registry=REGISTRY).validate(value)
        walked += 1
    assert walked > 5


def shown(operation: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Any]]:
    """Give each example of an operation with its schema."""
    bodies = [operation["requestBody"]] if "requestBody" in operation else []
    for body in (*bodies, *operation["responses"].values()):
        for content in body.get("content", {}).values():
            for example in content["examples"].values():
                yield within(content["schema"]), resolved(example)["value"]
    for one in operation["parameters"]:
        if "example" in one:
            yield within(one["schema"]), one["example"]


def within(schema: dict[str, Any]) -> dict[str, Any]:
    """Let a schema that is a reference name the document."""
    return {"$ref": HERE + schema["$ref"]} if "$ref" in schema else schema


def resolved(example: dict[str, Any]) -> dict[str, Any]:
    reference = example.get("$ref", "")
    named: dict[str, Any] = DOCUMENT["components"]["examples"]
    return named[reference.removeprefix("#/components/examples/")] if reference else example


def test_an_example_that_is_not_what_its_schema_says_is_seen():
    schema = within({"$ref": "#/components/schemas/ShowVaultBody"})
    assert not Draft202012Validator(schema, registry=REGISTRY).is_valid({"vault": {"id": 1}})


@each_operation
def test_every_error_names_its_codes(operation):
    for status, answer in operation["responses"].items():
        if status < "400":
            continue
        codes = answer["x-error-codes"]
        assert codes, status
        assert all(f"`{code}`: " in answer["description"] for code in codes)
        assert sorted(answer["content"]["application/json"]["examples"]) == sorted(codes)
        for code in codes:
            assert resolved({"$ref": f"#/components/examples/{code}"})["value"]["error_code"] == code
    assert {"400", "401", "403", "404", "500", "503"} <= operation["responses"].keys()


_OF_HTTP = {"content-type", "content-length", "transfer-encoding", "host"}


def test_every_header_that_is_honoured_is_described(cbr: ApiServer, monkeypatch: pytest.MonkeyPatch):
    """What the server looks at, when it is asked with a token, with a key, and with nothing."""
    looked_at: set[str] = set()
    real = Exchange.header

    def header(exchange: Exchange, name: str) -> str | None:
        looked_at.add(name)
        return real(exchange, name)

    monkeypatch.setattr(Exchange, "header", header)
    backup = cbr.protected("web1")
    path = f"/v3/{cbr.project()}/backups/{backup.id}/metadata"
    signed = AccessKey(*cbr.cloud.access_key("demo")).headers(signable("GET", path), cbr.clock.now())
    assert cbr.call("GET", path).status_code == 200
    assert cbr.call("GET", path, account=None, headers=signed).status_code == 200
    assert cbr.call("POST", "vaults", {}).status_code == 400
    assert cbr.call("GET", path, account=None).status_code == 401
    operation = DOCUMENT["paths"]["/v3/{project_id}/backups/{backup_id}/metadata"]["get"]
    told = {one["name"].lower() for one in operation["parameters"] if one["in"] == "header"}
    for scheme in DOCUMENT["components"]["securitySchemes"].values():
        told |= {scheme["name"].lower(), *re.findall(r"`(x-[\w-]+)", scheme["description"].lower())}
    assert looked_at - _OF_HTTP == told


@each_operation
def test_every_language_has_its_sample_or_a_reason_why_not(operation):
    (example, *_) = EXAMPLES[operation["operationId"]]
    route = next(one.operation for one in ROUTES if one.operation.name == operation["operationId"])
    missing = {one.title: one.reason for one in missing_of(call_of(route, example))}
    samples = operation["x-codeSamples"]
    assert [one["label"] for one in samples] == [one.title for one in LANGUAGES if one.title not in missing]
    assert all(len(reason) > 20 for reason in missing.values())
    offered = {one.title: one.lexer for one in LANGUAGES}
    for one in samples:
        assert one["lang"] == offered[one["label"]]
        assert one["source"].strip()
        assert not re.search(r"gAAAA|YOUR_SECRET", one["source"]), "a credential stands in the environment"
    always = {"curl, token", "curl, AK/SK", "Python, requests"}
    assert always <= {one["label"] for one in samples}
    if operation["operationId"] in OPERATIONS:
        sdks = {title for title in offered if title.startswith("SDK for ")}
        assert sdks <= {one["label"] for one in samples}


def test_what_is_not_offered_is_named():
    offered = {route.operation.name for route in ROUTES}
    told = [(one["name"], one["method"], one["path"], one["chapter"]) for one in DOCUMENT["x-not-offered"]]
    assert all(len(one["summary"]) > 10 for one in DOCUMENT["x-not-offered"])
    wanted = [(o.name, o.method, o.path, o.chapter) for o in OPERATIONS.values() if o.name not in offered]
    assert told == wanted


def test_the_examples_hold_nothing_of_the_machine_that_made_them():
    text = json.dumps(DOCUMENT)
    assert "127.0.0.1" not in text
    assert "correct-horse" not in text  # the password in the user data of the embedded cloud's db1
    assert {found[:4] for found in re.findall(r"\b20\d\d-\d\d-\d\dT", text)} <= {"2018", "2026"}


def test_the_examples_are_what_the_service_answers():
    """Each is as a fresh run has it: the same members, of the same types, texts that are documents opened."""
    kept = json.loads(msgspec.json.encode(EXAMPLES))
    again = made()
    assert [*kept] == [*again]
    for operation, examples in kept.items():
        assert shape(examples) == shape(again[operation]), f"{operation} answers otherwise: run make examples"


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: shape(member) for name, member in value.items()}
    if isinstance(value, list):
        return [shape(one) for one in value]
    if isinstance(value, str) and value[:1] in ("{", "["):
        return shape(json.loads(value))
    return type(value).__name__
