"""The watch on declared errors, which all tests of the interface pass through, sees what is not declared."""

import json

import pytest
import requests

from .declared_errors import check_declared

PROJECT = "http://here/v3/" + "0" * 32


def answer(method: str, path: str, status: int, code: str) -> requests.Response:
    made = requests.Response()
    made.status_code = status
    made.headers["Content-Type"] = "application/json"
    made._content = json.dumps({"error_code": code}).encode()
    made.request = requests.Request(method, f"{PROJECT}/{path}").prepare()
    return made


@pytest.mark.parametrize(
    ("status", "code"),
    [(404, "BackupService.6200"), (400, "BackupService.6105"), (418, "BackupService.9900")],
)
def test_an_error_that_is_not_declared_fails_the_test(status, code):
    with pytest.raises(AssertionError, match="ShowVault does not declare"):
        check_declared(answer("GET", "vaults/1", status, code))


def test_what_is_declared_and_what_is_no_operation_passes():
    check_declared(answer("GET", "vaults/1", 404, "BackupService.6105"))
    check_declared(answer("GET", "vaults/summary", 403, "BackupService.8600"))
    check_declared(answer("GET", "nowhere", 404, "APIGW.0101"))
    check_declared(answer("PATCH", "vaults", 405, "APIGW.0101"))
