"""Quotas and limits: how much a project may have and has."""

from opencbr.democloud.backend import Backend
from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError, Response
from opencbr.democloud.state import Doc
from opencbr.democloud.volume.routes import PROJECT, ROUTES, need_admin

DEFAULTS = {
    "volumes": 1000,
    "gigabytes": 100000,
    "snapshots": 1000,
    "backups": 1000,
    "backup_gigabytes": 100000,
}
_ERRORS = {
    "volumes": "VolumeLimitExceeded: Maximum number of volumes allowed ({}) exceeded for quota 'volumes'.",
    "gigabytes": "VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes"
    " quota.",
    "snapshots": "SnapshotLimitExceeded: Maximum number of snapshots allowed ({}) exceeded",
    "backups": "BackupLimitExceeded: Maximum number of backups allowed ({}) exceeded",
    "backup_gigabytes": "VolumeBackupSizeExceedsAvailableQuota: Requested backup exceeds allowed Backup"
    " gigabytes quota.",
}


def limits_of(backend: Backend, project_id: str) -> dict[str, int]:
    """Return the project's limits; -1 is no limit."""
    doc = backend.state.get("quota", project_id) or {}
    return DEFAULTS | {name: value for name, value in doc.items() if name in DEFAULTS}


def used(backend: Backend, project_id: str) -> dict[str, int]:
    """Return what the project has, in numbers and GiB; snapshots count as gigabytes, as Cinder is shipped."""
    (volumes, volume_size), (snapshots, snapshot_size), (backups, backup_size) = (
        backend.state.total(kind, project_id, "size") for kind in ("volume", "snapshot", "backup")
    )
    return {
        "volumes": volumes,
        "gigabytes": volume_size + snapshot_size,
        "snapshots": snapshots,
        "backups": backups,
        "backup_gigabytes": backup_size,
    }


def check_quota(backend: Backend, project_id: str, **more: int) -> None:
    """Refuse (413) when the project would have more than it may."""
    limits = {name: limit for name, limit in limits_of(backend, project_id).items() if limit >= 0}
    has = used(backend, project_id) if limits.keys() & more else {}  # it reads all that the project has
    for name, number in more.items():
        if name in limits and has[name] + number > limits[name]:
            raise ApiError(413, _ERRORS[name].format(limits[name]))


@ROUTES.on("GET", PROJECT + "/limits")
def limits(call: Call) -> Response:
    """Show limits and use of the caller's project."""
    may, has = limits_of(call.backend, call.project_id), used(call.backend, call.project_id)
    absolute = {
        "maxTotalVolumes": may["volumes"],
        "maxTotalSnapshots": may["snapshots"],
        "maxTotalVolumeGigabytes": may["gigabytes"],
        "maxTotalBackups": may["backups"],
        "maxTotalBackupGigabytes": may["backup_gigabytes"],
        "totalVolumesUsed": has["volumes"],
        "totalGigabytesUsed": has["gigabytes"],
        "totalSnapshotsUsed": has["snapshots"],
        "totalBackupsUsed": has["backups"],
        "totalBackupGigabytesUsed": has["backup_gigabytes"],
    }
    return Response(body={"limits": {"rate": [], "absolute": absolute}})


@ROUTES.on("GET", PROJECT + "/os-quota-sets/{target}")
def show_quota(call: Call) -> Response:
    """Show a project's quotas, with the use when asked."""
    target = call.params["target"]
    if target != call.project_id:
        need_admin(call, "volume_extension:quotas:show")
    return _quota_set(call, target, limits_of(call.backend, target))


@ROUTES.on("GET", PROJECT + "/os-quota-sets/{target}/defaults")
def show_default_quota(call: Call) -> Response:
    """Show what a new project may have."""
    target = call.params["target"]
    if target != call.project_id:
        need_admin(call, "volume_extension:quotas:show")
    return _quota_set(call, target, DEFAULTS)


def _quota_set(call: Call, target: str, may: dict[str, int]) -> Response:
    has = used(call.backend, target)
    names = ("volumes", "per_volume_gigabytes", "snapshots", "gigabytes", "backups", "backup_gigabytes")
    rows: Doc = {}
    kinds = [
        f"{name}_{t['name']}"
        for t in call.backend.state.all("volume-type")
        for name in names[:1] + names[3:1:-1]
    ]
    for name in (*names, *kinds, "groups"):
        limit, in_use = may.get(name, -1), has.get(name, 0)
        with_use = call.query.get("usage", "false").lower() == "true"
        rows[name] = {"limit": limit, "in_use": in_use, "reserved": 0} if with_use else limit
    return Response(body={"quota_set": rows | {"id": target}})


@ROUTES.on("PUT", PROJECT + "/os-quota-sets/{target}")
def set_quota(call: Call) -> Response:
    """Set a project's limits."""
    need_admin(call, "volume_extension:quotas:update")
    new = {name: int(value) for name, value in call.body("quota_set").items() if name in DEFAULTS}
    old = call.backend.state.get("quota", call.params["target"]) or {"id": call.params["target"]}
    call.backend.state.put("quota", old | new)
    return Response(body={"quota_set": limits_of(call.backend, call.params["target"])})
