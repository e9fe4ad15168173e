"""The trunks of a plan: on a port of the server, each with the subports whose VLANs it carries."""

from opencbr.model.reference_fields import named
from opencbr.model.restore_plan.blueprint import NewPort, NewTrunk
from opencbr.model.restore_plan.captured import rows
from opencbr.model.restore_plan.draft import LOST, Draft


def trunks_of(draft: Draft, made: list[NewPort]) -> tuple[NewTrunk, ...]:
    """Judge the trunks, whose ports have been judged."""
    ports, found = {port.key for port in made}, []
    for trunk_id, trunk in draft.captured.of("trunk").items():
        draft.makes(f"trunk/{trunk_id}")
        below = [
            (port, str(row.get("segmentation_type") or "vlan"), int(row.get("segmentation_id") or 0))
            for row in rows(trunk, "sub_ports")
            for port in named("trunk", {"trunk": {"sub_ports": [row]}}, "subport")
        ]
        for number, (port, _, _) in enumerate(below):
            if f"subport/{port}" not in draft.captured.documents:
                why = f"subport {port} is not in the record"
                for name in ("port_id", "segmentation_type", "segmentation_id"):
                    draft.decide(f"trunk/{trunk_id}", ("trunk", "sub_ports", str(number), name), LOST, why)
        if trunk.get("port_id") in ports:
            found.append(
                NewTrunk(
                    key=trunk_id,
                    name=str(trunk.get("name") or ""),
                    parent=str(trunk["port_id"]),
                    sub_ports=tuple(row for row in below if row[0] in ports),
                    fields={
                        "admin_state_up": trunk.get("admin_state_up", True),
                        "description": trunk.get("description") or "",
                    },
                    tags=tuple(trunk.get("tags") or ()),
                )
            )
    return tuple(found)
