"""What a test makes in the cloud under test, and removes behind it."""

from typing import Any

from .client import Client
from .target import Target

NAME = "opencbr-test-conformance"
Json = dict[str, Any]


class Made:
    """Things made for one test, removed behind it in the other order."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._paths: list[tuple[Client, str, str]] = []

    def __call__(
        self, key: str, path: str, *, by: Client | None = None, service: str = "network", **fields: object
    ) -> Json:
        client = by or self.target.member
        answer = client.call("POST", service, path, {key: fields})
        assert answer.status_code in (200, 201, 202), answer.text
        thing: Json = answer.json()[key]
        if "id" in thing and "_rules" not in path:
            self._paths.append((client, service, f"{path}/{thing['id']}"))
        return thing

    def remove(self) -> None:
        for client, service, path in reversed(self._paths):
            assert client.call("DELETE", service, path).status_code in (200, 202, 204), path
