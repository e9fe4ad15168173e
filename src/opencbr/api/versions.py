"""Version discovery, `GET /` and `GET /v3`: 300 with the one version there is (contract 0.4)."""

import falcon
import msgspec


class Versions:
    """Lists the versions; `self` links name the host that the client used."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer with the list."""
        resp.status = falcon.HTTP_300
        resp.data = msgspec.json.encode(
            {
                "versions": [
                    {
                        "id": "v3",
                        "status": "CURRENT",
                        "version": "",
                        "min_version": "",
                        "updated": "2019-01-01T00:00:00Z",
                        "links": [{"rel": "self", "href": f"{req.prefix}/v3"}],
                    }
                ]
            }
        )

    on_head = on_get
