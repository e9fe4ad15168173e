"""What is missing in the cloud, in plain words: for `opencbr config check` and /readyz."""

from collections.abc import Callable
from dataclasses import dataclass

from opencbr.cloud.errors import CloudError, Denied
from opencbr.cloud.reader import LIKE_MICROVERSION, Reader
from opencbr.cloud.retry import NO_PATIENCE
from opencbr.cloud.transport import Transport


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `message` says what was found, and when `ok` is false what to do."""

    name: str
    ok: bool
    message: str


def findings(transport: Transport, reader: Reader) -> list[Finding]:
    """Look at everything, without patience; never raises for what the cloud does."""
    keystone = _keystone(transport)
    if not keystone.ok:
        return [keystone]
    probes: list[tuple[str, Callable[[], Finding]]] = [
        ("role", lambda: _role(transport)),
        ("compute", lambda: _answers(reader, "compute", "/servers?limit=1")),
        ("volume", lambda: _volume(reader)),
        ("network", lambda: _answers(reader, "network", "/networks?limit=1&fields=id")),
        ("image", lambda: _answers(reader, "image", "/images?limit=1")),
        ("mover", lambda: _mover(reader)),
    ]
    return [keystone, *(_guarded(name, probe) for name, probe in probes)]


def mover_is_up(reader: Reader, timeout_seconds: float | None = None) -> bool:
    """Say whether a cinder-backup is enabled and up. Raises CloudError when Cinder does not tell."""
    return any(up for _, up in _movers(reader, timeout_seconds))


def _guarded(name: str, probe: Callable[[], Finding]) -> Finding:
    try:
        return probe()
    except Denied as error:
        message = f"{error}. Give the service user the role admin on its project."
        return Finding(name, ok=False, message=message)
    except CloudError as error:
        return Finding(name, ok=False, message=f"{error}. See that the service runs and is in the catalogue.")


def _keystone(transport: Transport) -> Finding:
    try:
        access = transport.access(NO_PATIENCE)
    except CloudError as error:
        return Finding(
            "keystone", ok=False, message=f"{error}. Check auth_url, user and password in clouds.yaml."
        )
    who = f"user {access.username or access.user_id} on project {access.project_name or access.project_id}"
    if access.project_id is None:
        return Finding("keystone", ok=False, message="the credential has no project: name one in clouds.yaml")
    return Finding("keystone", ok=True, message=f"signed in as {who}")


def _role(transport: Transport) -> Finding:
    access = transport.access(NO_PATIENCE)
    if "admin" not in access.role_names:
        roles = ", ".join(sorted(access.role_names))
        message = (
            f"the service user has only {roles} on its project: it needs admin "
            "to read servers and volumes; run `opencbr register` with an admin credential"
        )
        return Finding("role", ok=False, message=message)
    answer = transport.get(
        "identity",
        "/role_assignments",
        {"user.id": access.user_id, "scope.OS-INHERIT:inherited_to": "projects"},
        patience=NO_PATIENCE,
    )
    domains = {
        row["scope"]["domain"]["id"] for row in answer.json()["role_assignments"] if "domain" in row["scope"]
    }
    if not domains:
        message = (
            "the service user has no inherited role on a domain, so it can make nothing for tenants: run "
            "`opencbr register` with an admin credential"
        )
        return Finding("role", ok=False, message=message)
    return Finding(
        "role",
        ok=True,
        message=f"admin on its project, inherited role on domain {', '.join(sorted(domains))}",
    )


def _answers(reader: Reader, service: str, path: str) -> Finding:
    reader.ask(service, path, patience=NO_PATIENCE)
    newest = reader.newest(service)
    return Finding(
        service, ok=True, message="answers" + (f", newest microversion {newest}" if newest else "")
    )


def _volume(reader: Reader) -> Finding:
    found = _answers(reader, "volume", "/volumes?limit=1")
    newest = reader.newest("volume")
    if not newest or tuple(map(int, newest.split("."))) < tuple(map(int, LIKE_MICROVERSION.split("."))):
        message = (
            f"Cinder speaks at most {newest or '3.0'}, and {LIKE_MICROVERSION} is needed: upgrade Cinder"
        )
        return Finding("volume", ok=False, message=message)
    return found


def _mover(reader: Reader) -> Finding:
    movers = _movers(reader)
    up = [host for host, is_up in movers if is_up]
    if up:
        return Finding("mover", ok=True, message=f"cinder-backup is up on {', '.join(up)}")
    if movers:
        down = ", ".join(host for host, _ in movers)
        return Finding(
            "mover", ok=False, message=f"cinder-backup is down or disabled on {down}: start or enable it"
        )
    return Finding(
        "mover", ok=False, message="Cinder has no backup service: install cinder-backup, it moves the data"
    )


def _movers(reader: Reader, timeout_seconds: float | None = None) -> list[tuple[str, bool]]:
    answer = reader.ask(
        "volume",
        "/os-services",
        {"binary": "cinder-backup"},
        patience=NO_PATIENCE,
        timeout_seconds=timeout_seconds,
    )
    rows = answer.json().get("services")
    if not isinstance(rows, list):
        raise answer.garbage()
    return [
        (row.get("host", "?"), row.get("state") == "up" and row.get("status") == "enabled")
        for row in rows
        if row.get("binary") == "cinder-backup"
    ]
