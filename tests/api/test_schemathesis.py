"""schemathesis writes requests from the OpenAPI document, good and bad; none may end in a 5xx."""

import json

import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from opencbr.api.openapi import document
from opencbr.api.routes import ROUTES

from .house import House

schema = schemathesis.openapi.from_dict(json.loads(msgspec.json.encode(document(ROUTES))))


@pytest.mark.filterwarnings("ignore")
@schema.parametrize()
@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_no_server_error(case, house: House):
    case.path_parameters = {**(case.path_parameters or {}), "project_id": house.project()}
    headers = {"X-Auth-Token": house.token("demo-admin")}
    answer = case.call(base_url=house.url, headers=headers)
    assert answer.status_code < 500, f"{case.method} {case.path}: {answer.status_code} {answer.text}"
    if answer.status_code >= 400:
        assert {"error_code", "error_msg"} <= answer.json().keys()
    assert "x-request-id" in {name.lower() for name in answer.headers}, (case.method, dict(answer.headers))
