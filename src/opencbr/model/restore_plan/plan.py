"""The plan of a restore as a new server: a pure function of the record, of the cloud as it is now, and of the mapping."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from opencbr.model.restore_plan.blueprint import Blueprint, NewServer
from opencbr.model.restore_plan.captured import Captured
from opencbr.model.restore_plan.choices import Choices
from opencbr.model.restore_plan.disk_part import plan_disks
from opencbr.model.restore_plan.draft import Draft
from opencbr.model.restore_plan.floating_part import FloatingIps
from opencbr.model.restore_plan.group_part import new_groups, ref_of
from opencbr.model.restore_plan.layout import Layout
from opencbr.model.restore_plan.network_part import new_networks
from opencbr.model.restore_plan.outcome import Plan, check_rights, check_rooms, outcome_of
from opencbr.model.restore_plan.port_part import Ports
from opencbr.model.restore_plan.project_part import judge_project
from opencbr.model.restore_plan.root_part import choose_image
from opencbr.model.restore_plan.router_part import judge_routers, new_interfaces, new_routers
from opencbr.model.restore_plan.server_group_part import choose_group, hints_of, new_group
from opencbr.model.restore_plan.server_part import (
    choose_flavor,
    choose_key,
    choose_user_data,
    choose_zone,
    hostname_of,
    keeps_key,
)
from opencbr.model.restore_plan.trunk_part import trunks_of
from opencbr.model.restore_plan.view import CloudView


def plan(captured: Captured, view: CloudView, choices: Choices) -> Plan:
    """Say what a restore of `captured` as a new server would do in the cloud that `view` shows."""
    laid = lay_out_server(captured, view, choices)
    check_rooms(laid.draft, "the new server")
    return outcome_of(laid.draft, laid.mapping, laid.blueprint)


def lay_out_server(captured: Captured, view: CloudView, choices: Choices) -> Layout:
    """Say the same but for what quotas have room for."""
    draft = Draft(captured, view, choices)
    for document in ("server", "interface", "attachments"):
        draft.makes(document)
    flavor, image, zone = choose_flavor(draft), choose_image(draft), choose_zone(draft)
    key, user_data, group = choose_key(draft), choose_user_data(draft), choose_group(draft)
    hostname = hostname_of(draft)
    volumes = plan_disks(draft, image)
    ports = Ports(draft)
    ports.plan()
    networks, trunks = new_networks(draft), trunks_of(draft, ports.made)
    judge_routers(draft)
    routers, interfaces = new_routers(draft), new_interfaces(draft)
    floating = FloatingIps(draft, ports.made)
    floating.plan()
    groups = new_groups(draft)
    check_rights(draft, "server", ("server", "user_id"))
    judge_project(draft)
    server = captured.server
    name = choices.name or str(server.get("name") or "")
    if choices.name is not None and choices.name != server.get("name"):
        draft.decide("server", ("server", "name"), "mapped", "the name that was chosen", choices.name)
    wanted = NewServer(
        key=captured.server_id,
        name=name,
        hostname=hostname,
        flavor_id=flavor or "",
        image_id=image,
        availability_zone=zone,
        description=server.get("description"),
        metadata=_texts(server.get("metadata")),
        tags=tuple(server.get("tags") or ()),
        user_data=user_data,
        config_drive=str(server.get("config_drive") or "").lower() == "true",
        disk_config=server.get("OS-DCF:diskConfig"),
        access_ipv4=str(server.get("accessIPv4") or ""),
        access_ipv6=str(server.get("accessIPv6") or ""),
        hints=hints_of(draft),
        key_name=key[0] if key else None,
        public_key=key[1] if key else None,
        key_type=key[2] if key else "ssh",
        locked=bool(server.get("locked")),
        locked_reason=server.get("locked_reason"),
        group=group,
    )
    blueprint = Blueprint(
        servers=(wanted,),
        server_groups=new_group(draft, group),
        groups=groups,
        networks=networks,
        routers=routers,
        interfaces=interfaces,
        ports=tuple(ports.made),
        trunks=trunks,
        volumes=volumes,
        floating_ips=tuple(floating.made),
        project_id=draft.project_id if draft.is_elsewhere else None,
    )
    mapping = replace(
        choices,
        name=name,
        flavor_id=choices.flavor_id or flavor,
        availability_zone=choices.availability_zone or zone,
        key_pair=keeps_key(draft),
        server_group=choices.server_group or (group.id if group else None),
        ports=tuple(ports.choices),
        security_groups={
            one: found for one in captured.of("security_group") if (found := _chosen_group(draft, one))
        },
        volume_types=dict(choices.volume_types) | {one.key: one.type_id for one in volumes if one.type_id},
        floating_ips=dict(choices.floating_ips) | floating.choices,
    )
    return Layout(draft, mapping, blueprint)


def _chosen_group(draft: Draft, group_id: str) -> str | None:
    chosen = draft.choices.security_groups.get(group_id)
    ref = ref_of(draft, group_id)
    return chosen or (ref.id if ref is not None else None)


def _texts(value: Any) -> dict[str, str]:
    return {str(k): str(v) for k, v in value.items()} if isinstance(value, Mapping) else {}
