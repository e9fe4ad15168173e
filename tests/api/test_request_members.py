"""What the contract lets a client send is taken, refused by name, or stands here with the reason why it means nothing."""

import json
import re
from pathlib import Path
from typing import Any

from opencbr.api.openapi import document
from opencbr.api.routes import ROUTES

CONTRACT = Path(__file__).parents[2] / "src/opencbr/contract/operations.json"

WITHOUT_MEANING = {
    "CreateVault vault.billing.period_type": "of pre-paid vaults, which are refused as a whole",
    "CreateVault vault.billing.period_num": "of pre-paid vaults",
    "CreateVault vault.billing.is_auto_renew": "of pre-paid vaults; clients send it with post_paid too (contract 10.2, T17)",
    "CreateVault vault.billing.is_auto_pay": "of pre-paid vaults; clients send it with post_paid too",
    "CreateVault vault.billing.console_url": "where the vendor's shop leads back to",
}
ADVANCED = re.compile(r"(Create|Update)Policy policy\.operation_definition\.advanced_retention_rules\..+")
"""Of the advanced rules, which are refused as a whole."""


def members(schema: dict[str, Any], schemas: dict[str, Any], path: str = "") -> set[str]:
    """Every member that a body may have, by its path; the items of a list have the list's own."""
    found: set[str] = set()
    for part in (schema, *schema.get("anyOf", ())):
        here = schemas[part["$ref"].rpartition("/")[2]] if "$ref" in part else part
        for name, inner in here.get("properties", {}).items():
            found |= {f"{path}{name}"} | members(inner, schemas, f"{path}{name}.")
        if "items" in here:
            found |= members(here["items"], schemas, path)
    return found


def test_every_member_that_the_contract_knows_is_known_here():
    published = {op["operation"]: op["body"] for op in json.loads(CONTRACT.read_text())}
    ours = document(ROUTES)
    schemas = ours["components"]["schemas"]
    walked, dropped = 0, set()
    for path in ours["paths"].values():
        for operation in path.values():
            name = operation["operationId"]
            if not published.get(name) or "requestBody" not in operation:
                continue
            body = operation["requestBody"]["content"]["application/json"]["schema"]
            wanted = members(published[name], {})
            walked += len(wanted)
            dropped |= {f"{name} {member}" for member in wanted - members(body, schemas)}
    assert walked > 50
    assert {one for one in dropped if not ADVANCED.fullmatch(one)} == WITHOUT_MEANING.keys()
