"""ShowMetadata for eyes: the same documents, laid out."""

import json
from collections.abc import Iterator
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from opencbr.observe.printable import printable

_MASK = "(masked "
_VERDICTS = {"complete": "green", "partial": "yellow", "drifted": "yellow"}


def metadata(
    console: Console, verbatim: dict[str, Any], masked: dict[str, Any], report: dict[str, Any]
) -> None:
    """Print what a backup holds. `masked` is the plain member's view of the same: it tells what is masked."""
    console.print(
        Panel(
            Group(
                _server(verbatim),
                Text(),
                _disks(verbatim),
                _addresses(verbatim),
                _masked_fields(masked),
                _verdict(report),
            ),
            title=f"[bold]metadata of backup {verbatim['backup_id']}",
            box=box.ROUNDED,
            padding=(1, 1, 0, 1),
        )
    )


def backups(console: Console, rows: list[dict[str, Any]]) -> None:
    """Print backups of earlier starts."""
    table = _table(
        "backup", "name", "status", "made", "GiB", title=f"{len(rows)} backup(s) from earlier starts"
    )
    for row in rows:
        table.add_row(
            *map(
                _text,
                (row["id"], row["name"], row["status"], (row["created_at"] or "")[:19], row["resource_size"]),
            )
        )
    console.print(table)


def _server(view: dict[str, Any]) -> RenderableType:
    server = json.loads(view["server"])["server"]
    flavor = json.loads(view["flavor"])["flavor"]
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim")
    facts.add_column(overflow="fold")
    labels = ", ".join(f"{key}={value}" for key, value in server.get("metadata", {}).items())
    groups = ", ".join(sorted({group["name"] for group in server.get("security_groups", ())}))
    for name, value in (
        ("server", f"{server['name']}  {server['id']}"),
        ("state", f"{server['status']}, created {server['created']}"),
        ("described as", server.get("description")),
        ("flavor", f"{flavor['name']}: {flavor['vcpus']} vCPU, {flavor['ram']} MiB, {flavor['disk']} GiB"),
        ("key pair", server.get("key_name")),
        ("tags", ", ".join(server.get("tags", ()))),
        ("metadata", labels),
        ("groups", groups),
    ):
        if value:
            facts.add_row(name, _text(value))
    return facts


def _disks(view: dict[str, Any]) -> RenderableType:
    table = _table("disk", "device", "GiB", "type", "boot", "volume")
    for text in view["volumes"]:
        volume = json.loads(text)["volume"]
        device = next((one.get("device") for one in volume.get("attachments", ())), "")
        table.add_row(
            *map(
                _text,
                (
                    volume["name"],
                    device,
                    volume["size"],
                    volume["volume_type"],
                    "yes" if str(volume.get("bootable")).lower() == "true" else "",
                    volume["id"],
                ),
            )
        )
    return table


def _addresses(view: dict[str, Any]) -> RenderableType:
    floating = {}
    for text in view["floatingips"]:
        for ip in json.loads(text or "{}").get("floatingips") or ():
            floating[ip["port_id"]] = ip["floating_ip_address"]
    table = _table("address", "floating", "MAC", "port")
    for text in view["ports"]:
        port = json.loads(text)["port"]
        fixed = ", ".join(ip["ip_address"] for ip in port["fixed_ips"])
        table.add_row(*map(_text, (fixed, floating.get(port["id"], ""), port["mac_address"], port["id"])))
    return table if view["ports"] else Text("no ports")


def _masked_fields(masked: dict[str, Any]) -> RenderableType:
    """Name the fields that a plain member sees as a fingerprint, by class and member."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for member, value in masked.items():
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and text.startswith("{"):
                for path, mask in _masks(json.loads(text)):
                    kind = mask.removeprefix(_MASK).split()[0]
                    found.setdefault((kind, member), {})[path] = None
    if not found:
        return Text("nothing is masked")
    table = _table("masked for a plain member", "in", "fields")
    for (kind, member), paths in sorted(found.items(), reverse=True):
        table.add_row(*map(_text, (kind, member, ", ".join(paths))))
    return table


def _masks(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        if isinstance(value.get("masked"), str):
            yield path, value["masked"]
            return
        for key, inner in value.items():
            # The envelope's own name ("server") is no news.
            yield from _masks(
                inner,
                f"{path}.{key}" if path else ("" if isinstance(inner, dict) and len(value) == 1 else key),
            )
    elif isinstance(value, list):
        for inner in value:
            yield from _masks(inner, path)
    elif isinstance(value, str) and value.startswith(_MASK):
        yield path, value


def _verdict(report: dict[str, Any]) -> RenderableType:
    """Say how complete and how true the record is, and name what is not."""
    verdict, documents = report["verdict"], report["documents"]
    read = sum(document["outcome"] == "read" for document in documents)
    lines = [
        Text.assemble("verdict: ", (verdict, f"bold {_VERDICTS.get(verdict, 'red')}")),
        Text(
            f"{read} of {len(documents)} documents read; {len(report['drift'])} fields moved during the snapshots"
        ),
    ]
    lines += [
        _text(f"{document['outcome']}: {document['name']} ({document['method']} {document['path']})")
        for document in documents
        if document["outcome"] != "read"
    ]
    lines += [_text(f"hidden: {field}") for field in report["hidden"]]
    lines += [_text(f"gap: {sentence}") for sentence in report["gaps"]]
    lines += [_text(f"moved: {drift['document']} {drift['field']}") for drift in report["drift"]]
    return Group(*lines)


def _table(*columns: str, title: str | None = None) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=title, title_justify="left", header_style="dim")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _text(value: Any) -> Text:
    # Text, not markup: tenants choose names.
    return Text("" if value is None else printable(str(value)))
