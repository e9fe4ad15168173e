"""The cloud under test and who calls it, the same for the embedded cloud and a real one."""

from dataclasses import dataclass

from opencbr.democloud import DemoCloud

from .client import Client

MISSING = "00000000-0000-0000-0000-000000000000"


@dataclass
class Target:
    """A cloud under test: three callers, and the embedded cloud itself when it is that one."""

    admin: Client
    member: Client
    other: Client
    keystone: str
    demo: DemoCloud | None

    def server(self, name: str) -> str:
        """Return the id of the server of that name in the member's project."""
        found = self.member.get("compute", f"/servers?name={name}")["servers"]
        return str(found[0]["id"])
