"""Version discovery, `GET /` and `GET /v3`: 300 with the one version there is (contract 0.4)."""

from collections.abc import Callable

import msgspec

from opencbr.api.exchange import Exchange
from opencbr.api.response import JSON, Reply


def versions(endpoint: str) -> Callable[[Exchange], Reply]:
    """Make the answer that lists the versions; links begin with `endpoint`, where it is empty with what the client used."""

    def answer(exchange: Exchange) -> Reply:
        base = endpoint or f"{exchange.scheme}://{exchange.header('host') or ''}"
        body = msgspec.json.encode(
            {
                "versions": [
                    {
                        "id": "v3",
                        "status": "CURRENT",
                        "version": "",
                        "min_version": "",
                        "updated": "2019-01-01T00:00:00Z",
                        "links": [{"rel": "self", "href": f"{base.rstrip('/')}/v3"}],
                    }
                ]
            }
        )
        return 300, body, JSON

    return answer
