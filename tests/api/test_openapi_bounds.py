"""Requests at and beyond each bound that the OpenAPI document states, one by one; none may end in a 5xx.

schemathesis writes them while the tests are collected, which takes longer than all other modules together: a run that
leaves the thorough tests out does not open this one (tests/conftest.py).
"""

import pytest

from .api_server import ApiServer
from .test_schemathesis import accounts, calmly, check, schema


@accounts
@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore")
@schema.parametrize()
@calmly
def test_no_server_error_at_the_bounds(case, cbr: ApiServer, account: str):
    check(case, cbr, account)
