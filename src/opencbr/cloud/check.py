"""What is missing in the cloud, in plain words: for `opencbr config check` and /readyz."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from stat import S_IROTH
from typing import Literal

from opencbr.cloud.errors import CloudError, CredentialRefused, Denied
from opencbr.cloud.microversions import at_least
from opencbr.cloud.quotas import UNLIMITED, default_quotas, quotas_of
from opencbr.cloud.reader import LIKE_MICROVERSION, Reader
from opencbr.cloud.register import CATALOGUE_TYPE
from opencbr.cloud.retry import NO_PATIENCE
from opencbr.cloud.scopes import Scopes
from opencbr.cloud.servers import REIMAGE_MICROVERSION
from opencbr.cloud.transport import Transport

_FEW_BACKUPS = 100
"""A project that may have fewer backups or snapshots is worth a warning: a server takes one of each for every disk."""

State = Literal["ok", "warning", "missing", "unusable"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: `message` says what was found and, where something is to be changed, what.

    With a `warning` everything works for now; what is `missing` is to be set up in the cloud or here; settings that are
    `unusable` are to be corrected before anything can start.
    """

    name: str
    state: State
    message: str

    @property
    def ok(self) -> bool:
        """Whether the service would work."""
        return self.state in ("ok", "warning")


def findings(scopes: Scopes, reader: Reader, endpoint: str, project_id: str) -> list[Finding]:
    """Look at everything, without patience; never raises for what the cloud does.

    `endpoint` is the address that the catalogue should have, "" when any will do; `project_id` the tenant's project to
    look at, "" for any and for what a new one may have.
    """
    transport, said = scopes.home, [_files(scopes.credential.files)]
    keystone = _keystone(transport)
    if not keystone.ok:
        return [*said, keystone]
    probes: list[tuple[str, Callable[[], Finding]]] = [
        ("role", lambda: _role(transport)),
        ("tenant", lambda: _tenant(scopes, project_id)),
        ("catalogue", lambda: _catalogue(transport, endpoint)),
        ("compute", lambda: _answers(reader, "compute", "/servers?limit=1")),
        ("volume", lambda: _volume(reader)),
        ("network", lambda: _answers(reader, "network", "/networks?limit=1&fields=id")),
        ("image", lambda: _answers(reader, "image", "/images?limit=1")),
        ("mover", lambda: _mover(reader)),
        ("root volumes", lambda: _root_volumes(reader)),
        ("quotas", lambda: _quotas(transport, reader, project_id)),
    ]
    return [*said, keystone, *(_guarded(name, probe) for name, probe in probes)]


def mover_is_up(reader: Reader, timeout_seconds: float | None = None) -> bool:
    """Say whether a cinder-backup is enabled and up. Raises CloudError when Cinder does not tell."""
    return any(up for _, up in _movers(reader, timeout_seconds))


def _guarded(name: str, probe: Callable[[], Finding]) -> Finding:
    try:
        return probe()
    except Denied as error:
        message = f"{error}. Give the service user the role admin on its project."
        return Finding(name, "missing", message)
    except CloudError as error:
        return Finding(name, "missing", f"{error}. See that the service runs and is in the catalogue.")


def _keystone(transport: Transport) -> Finding:
    try:
        access = transport.access(NO_PATIENCE)
    except CredentialRefused as error:
        return Finding("keystone", "missing", f"{error}. It is {transport.credential}.")
    except CloudError as error:
        where = transport.auth_url
        return Finding(
            "keystone", "missing", f"{error}. Check auth_url ({where}), user and password in clouds.yaml."
        )
    who = f"user {access.username or access.user_id} on project {access.project_name or access.project_id}"
    if access.project_id is None:
        return Finding("keystone", "missing", "the credential has no project: name one in clouds.yaml")
    return Finding("keystone", "ok", f"signed in as {who}")


def _role(transport: Transport) -> Finding:
    access = transport.access(NO_PATIENCE)
    if "admin" not in access.role_names:
        roles = ", ".join(sorted(access.role_names))
        message = (
            f"the service user has only {roles} on its project: it needs admin "
            "to read servers and volumes; run `opencbr register` with an admin credential"
        )
        return Finding("role", "missing", message)
    answer = transport.get(
        "identity",
        "/role_assignments",
        {"user.id": access.user_id, "scope.OS-INHERIT:inherited_to": "projects"},
        patience=NO_PATIENCE,
    )
    domains = {
        row["scope"]["domain"]["id"]
        for row in answer.rows("grant", "role_assignments")
        if row["scope"].get("domain")
    }
    if not domains:
        message = (
            "the service user has no inherited role on a domain, so it can make nothing for tenants: run "
            "`opencbr register` with an admin credential"
        )
        return Finding("role", "missing", message)
    return Finding(
        "role",
        "ok",
        f"admin on its project, inherited role on domain {', '.join(sorted(domains))}",
    )


def _files(paths: Iterable[Path]) -> Finding:
    """Look whether everybody on this machine can read the service's password."""
    named = list(paths)
    if opened := [str(path) for path in named if path.stat().st_mode & S_IROTH]:
        message = f"every user of this machine can read {' and '.join(opened)}: chmod 600 {' '.join(opened)}"
        return Finding("files", "warning", message)
    return Finding("files", "ok", f"{' and '.join(map(str, named)) or 'environment variables'}, private")


def _tenant(scopes: Scopes, project_id: str) -> Finding:
    """Sign in to a tenant's project, as every backup does: only that shows that the credential can."""
    transport = scopes.home
    home = transport.access(NO_PATIENCE).project_id
    rows = transport.get("identity", "/auth/projects", patience=NO_PATIENCE).rows(
        "project_of_user", "projects"
    )
    tenants = [row["id"] for row in rows if row.get("id") != home and row.get("enabled")]
    tried = project_id or next(iter(tenants), "")
    if not tried:
        return Finding("tenant", "warning", "there is no other project yet to try the credential on")
    try:
        scopes.tenant(tried).access(NO_PATIENCE)
    except Denied as error:
        return Finding("tenant", "missing", str(error))
    return Finding("tenant", "ok", f"can work in {len(tenants)} projects, tried on {tried}")


def _catalogue(transport: Transport, endpoint: str) -> Finding:
    """Look where clients would find the service: `openstack cbr` and SDKs without a fixed address ask the catalogue."""
    entries = transport.access(NO_PATIENCE).service_catalog.get_endpoints_data(service_type=CATALOGUE_TYPE)
    urls = sorted({point.url for points in entries.values() for point in points})
    entered = " and ".join(urls)
    example = f"`opencbr register --as ADMIN --endpoint {endpoint or 'https://backup.example.org'}`"
    if not urls:
        message = (
            f"service type {CATALOGUE_TYPE} is not in the catalogue, where clients look for it: run {example}"
        )
        return Finding("catalogue", "missing", message)
    if endpoint and not all(url.startswith(endpoint.rstrip("/") + "/v3/") for url in urls):
        message = f"the catalogue has {entered}, and api.endpoint is {endpoint}: run {example}"
        return Finding("catalogue", "warning", message)
    return Finding("catalogue", "ok", entered)


def _quotas(transport: Transport, reader: Reader, project_id: str) -> Finding:
    """Look at what Cinder lets a project keep, the one named or a new one."""
    own = str(transport.access(NO_PATIENCE).project_id)
    quotas = quotas_of(reader, project_id) if project_id else default_quotas(reader, own)
    rows = {kind: quotas[kind] for kind in ("backups", "snapshots") if kind in quotas}
    shown = " and ".join(
        f"{'any number of' if quota.limit == UNLIMITED else quota.limit} {kind}"
        for kind, quota in rows.items()
    )
    message = f"{f'project {project_id}' if project_id else 'a new project'} may have {shown} in Cinder"
    if project_id:
        message += f" and has {' and '.join(str(quota.used) for quota in rows.values())}"
    if any(0 <= quota.limit < _FEW_BACKUPS for quota in rows.values()):
        message += (
            "; a backup of a server takes one of each for every disk, so raise them: "
            f"openstack quota set --backups N --snapshots N {project_id or 'PROJECT'}"
        )
        return Finding("quotas", "warning", message)
    return Finding("quotas", "ok", message)


def _answers(reader: Reader, service: str, path: str) -> Finding:
    reader.ask(service, path, patience=NO_PATIENCE)
    newest = reader.newest(service)
    return Finding(service, "ok", "answers" + (f", newest microversion {newest}" if newest else ""))


def _volume(reader: Reader) -> Finding:
    found = _answers(reader, "volume", "/volumes?limit=1")
    newest = reader.newest("volume")
    if not at_least(newest, LIKE_MICROVERSION):
        message = (
            f"Cinder speaks at most {newest or '3.0'}, and {LIKE_MICROVERSION} is needed: upgrade Cinder"
        )
        return Finding("volume", "missing", message)
    return found


def _root_volumes(reader: Reader) -> Finding:
    """Say by which way a server that boots from a volume is restored in place."""
    name = "root volumes"
    if reader.sets_volume_status():
        return Finding(name, "ok", "restored in place: the service user sets their status meanwhile")
    newest, without = reader.newest("compute"), "the service user may not set the status of volumes"
    if at_least(newest, REIMAGE_MICROVERSION):
        return Finding(
            name, "ok", f"restored in place by a rebuild of their server, with two more copies: {without}"
        )
    message = (
        f"not restored in place: {without}, and Nova speaks at most {newest or '2.1'}, where a rebuild takes "
        f"{REIMAGE_MICROVERSION}: give the service user that right, or upgrade Nova"
    )
    return Finding(name, "warning", message)


def _mover(reader: Reader) -> Finding:
    movers = _movers(reader)
    up = [host for host, is_up in movers if is_up]
    if up:
        return Finding("mover", "ok", f"cinder-backup is up on {', '.join(up)}")
    if movers:
        down = ", ".join(host for host, _ in movers)
        return Finding("mover", "missing", f"cinder-backup is down or disabled on {down}: start or enable it")
    return Finding(
        "mover", "missing", "Cinder has no backup service: install cinder-backup, it moves the data"
    )


def _movers(reader: Reader, timeout_seconds: float | None = None) -> list[tuple[str, bool]]:
    answer = reader.ask(
        "volume",
        "/os-services",
        {"binary": "cinder-backup"},
        patience=NO_PATIENCE,
        timeout_seconds=timeout_seconds,
    )
    rows = answer.rows("service", where=lambda row: row.get("binary") == "cinder-backup")
    return [
        (row.get("host") or "?", row.get("state") == "up" and row.get("status") == "enabled") for row in rows
    ]
