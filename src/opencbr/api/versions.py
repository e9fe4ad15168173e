"""Version discovery, `GET /` and `GET /v3`: 300 with the one version there is (contract 0.4)."""

from wsgiref.util import application_uri

import msgspec

from opencbr.api.response import JSON, Environ, Reply, status_line


def versions(environ: Environ) -> Reply:
    """List the versions; `self` links name the host that the client used."""
    body = msgspec.json.encode(
        {
            "versions": [
                {
                    "id": "v3",
                    "status": "CURRENT",
                    "version": "",
                    "min_version": "",
                    "updated": "2019-01-01T00:00:00Z",
                    "links": [{"rel": "self", "href": f"{application_uri(environ).rstrip('/')}/v3"}],
                }
            ]
        }
    )
    return status_line(300), body, JSON
