"""The names: while a restore is under way its objects bear names that find them again, at its end those of the record.

A network has its own already when a server boots (`networks.py`); it is given again here for a job whose networks an older
version made.
"""

from opencbr.jobs.new_server.parts import Parts


def give_names(parts: Parts) -> None:
    """Give everything its name; the servers last. May be repeated."""
    plan, networks, project = parts.blueprint, parts.project.networks, parts.project
    named = {
        "security_group": {one.key: one.name for one in plan.groups},
        "network": {one.key: str(one.fields.get("name") or "") for one in plan.networks},
        "subnet": {
            sub.key: str(sub.fields.get("name") or "") for one in plan.networks for sub in one.subnets
        },
        "router": {one.key: one.name for one in plan.routers},
        "trunk": {one.key: one.name for one in plan.trunks},
        "port": {one.key: one.name for one in plan.ports},
    }
    for kind, names in named.items():
        for key, id_ in parts.ids(kind).items():
            parts.ctx.guard()
            networks.update(kind, id_, {"name": names.get(key, "")})
    descriptions = {one.key: one.description for one in plan.floating_ips}
    for key, id_ in parts.ids("floatingip").items():
        networks.update("floatingip", id_, {"description": descriptions.get(key, "")})
    volumes = parts.ids("volume")
    for one in plan.volumes:
        parts.ctx.guard()
        project.describe_volume(volumes[one.key], one.name, one.description)
    servers = parts.ids("server")
    for server in plan.servers:
        parts.ctx.guard()
        project.servers.rename(servers[server.key], server.name)
