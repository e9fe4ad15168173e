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

REQUEST_LINE = 60_000
"""Characters of a request line that every server passes on (test_granian has the exact side)."""


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
    if answer.status_code in (414, 431):
        # The HTTP server answers for itself when a request line is too long: the application never sees it.
        assert len(answer.request.path_url or "") > REQUEST_LINE, (case.method, case.path)
        return
    assert answer.status_code < 500, f"{case.method} {case.path}: {answer.status_code} {answer.text}"
    if answer.status_code >= 400:
        assert {"error_code", "error_msg"} <= answer.json().keys()
    assert "x-request-id" in {name.lower() for name in answer.headers}, (case.method, dict(answer.headers))
