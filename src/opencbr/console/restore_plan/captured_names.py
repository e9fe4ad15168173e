"""What the things of a record are called, as far as the rows of a plan tell."""

from collections.abc import Iterable, Mapping
from typing import Any

from opencbr.console.backup.json_values import member, words

_LONGEST = 40
"""Characters of a name that are shown where it names an entry."""


_ENVELOPES = {"subport": "port", "qos_policy": "policy"}
"""Kinds of documents whose envelope is called otherwise."""


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


class CapturedNames:
    """The values of rows of a plan by document and field; of a document that was read twice the newest one's come last."""

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        self._values = {
            (str(member(row, "document")).replace("@newest", ""), str(member(row, "field"))): member(
                row, "value"
            )
            for row in rows
        }

    def text(self, document: str, field: str) -> str:
        """Show the value of a field, "" where there is none."""
        return words(self._values.get((document, field))) or ""

    def things(self, kind: str) -> dict[str, str]:
        """Give the ids of all things of a kind with what each is called, "" for one without a name."""
        ids = {name.partition("/")[2]: name for name, _ in self._values if name.startswith(f"{kind}/")}
        return {one: self.name(name) for one, name in ids.items()}

    def name(self, document: str) -> str:
        """Give the name of the thing in a document, "" for one without."""
        kind = document.partition("/")[0]
        return _short(self.text(document, f"{_ENVELOPES.get(kind, kind)}.name"))

    def flavor(self) -> str:
        """Give the name of the server's flavor."""
        return self.name("flavor")

    def network_of(self, port_id: str) -> str:
        """Give the id of the network that a port was on, "" where no row tells."""
        return self.text(f"port/{port_id}", "port.network_id") or self.text(
            f"subport/{port_id}", "port.network_id"
        )

    def port(self, port_id: str) -> str:
        """Describe a port by its name, addresses and network."""
        document = next((f"{k}/{port_id}" for k in ("port", "subport") if self._has(f"{k}/{port_id}")), "")
        name = self.name(document) or port_id
        addresses = [
            words(value) or ""
            for (where, field), value in self._values.items()
            if where == document and field.startswith("port.fixed_ips.") and field.endswith(".ip_address")
        ]
        network = self.text(document, "port.network_id")
        called = self.name(f"network/{network}") or network
        on = [f"on {called}"] if called else []
        return ", ".join([name, *addresses, *on])

    def volume(self, volume_id: str) -> str:
        """Describe a volume by its name, size and type."""
        document = f"volume/{volume_id}"
        size = self.text(document, "volume.size")
        parts = (
            self.name(document) or volume_id,
            f"{size} GB" if size else "",
            _short(self.text(document, "volume.volume_type")),
        )
        return ", ".join(filter(None, parts))

    def floating_ip(self, floating_ip_id: str) -> str:
        """Give the address of a floating IP, its id where no row tells."""
        for (document, field), value in self._values.items():
            if value == floating_ip_id and document.startswith("floatingips/") and field.endswith(".id"):
                return self.text(document, field.removesuffix("id") + "floating_ip_address") or floating_ip_id
        return floating_ip_id

    def _has(self, document: str) -> bool:
        return any(name == document for name, _ in self._values)
