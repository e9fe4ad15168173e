"""From a request to an answer: service, token, microversion, handler."""

import uuid
from dataclasses import dataclass
from http import HTTPStatus

from opencbr.democloud.compute.routes import NEWEST as NEWEST_COMPUTE
from opencbr.democloud.identity.tokens import find_token
from opencbr.democloud.services import SERVICES
from opencbr.democloud.volume.routes import NEWEST as NEWEST_VOLUME
from opencbr.democloud.wire import Answer, Asked, Call, Refusal, encode, fault, parse_version
from opencbr.democloud.world import World

_VERSIONS = {"compute": ("2.1", NEWEST_COMPUTE), "volume": ("3.0", NEWEST_VOLUME)}
_UNAUTHORIZED = "The request you have made requires authentication."


@dataclass
class Reply:
    """What goes back over the wire, and who asked for it."""

    status: int
    headers: dict[str, str]
    body: bytes
    request_id: str
    project_id: str = ""
    user_id: str = ""
    microversion: str = ""


def split(path: str) -> tuple[str, str] | None:
    """Return (service, path below it) of a path such as /compute/v2.1/servers, or None."""
    service, _, rest = path.lstrip("/").partition("/")
    return (service, "/" + rest) if service in SERVICES else None


def answer(world: World, base: str, asked: Asked) -> Reply:
    """Carry out one request as one transaction; `base` is the cloud's address, http://host:port."""
    service, path = asked.service, asked.path
    call = Call(world, asked, f"{base}/{service}", f"req-{uuid.uuid4()}")
    version = ""
    try:
        version = _negotiate(call)
        found = _carry_out(call)
    except Refusal as refusal:
        found = fault(service, refusal.status, refusal.message, refusal.kind)
    world.work.after_request()
    body = (
        found.body
        if isinstance(found.body, bytes)
        else b""
        if found.body is None
        else encode(service, found.body)
    )
    if service == "identity" and body.endswith(b"}") and not path.startswith("/v3/auth/tokens"):
        body += b"\n"
    given = {"Content-Type": "application/json", **_headers(call, version), **found.headers}
    given = {
        name: value.replace("uri=identity", f'uri="{base}/identity/v3"') for name, value in given.items()
    }
    who = call.token or {}
    project, user = who.get("project") or {}, who.get("user") or {}
    return Reply(
        found.status,
        given,
        body,
        call.request_id,
        project.get("id", ""),
        user.get("id", ""),
        version.partition(" ")[2],
    )


def _headers(call: Call, version: str) -> dict[str, str]:
    given = {"X-Openstack-Request-Id": call.request_id}
    if call.service in ("compute", "volume"):
        given |= {"x-compute-request-id": call.request_id, "OpenStack-API-Version": version}
        given["Vary"] = "OpenStack-API-Version"
    if call.service == "compute":
        given["X-OpenStack-Nova-API-Version"] = version.removeprefix("compute ")
    if call.service == "identity":
        given["Vary"] = "X-Auth-Token"
    return given


def _negotiate(call: Call) -> str:
    """Read the microversion the caller asks for; refuses (406) one that does not exist."""
    if call.service not in _VERSIONS:
        return ""
    lowest, newest = _VERSIONS[call.service]
    asked = call.headers.get("openstack-api-version", "")
    wanted = lowest
    for part in asked.split(","):
        name, _, number = part.strip().partition(" ")
        if name == call.service or (name == "volumev3" and call.service == "volume"):
            wanted = number
    if call.service == "compute" and "x-openstack-nova-api-version" in call.headers and not asked:
        wanted = call.headers["x-openstack-nova-api-version"]
    if wanted == "latest":
        wanted = newest
    try:
        call.microversion = parse_version(wanted)
    except ValueError as error:
        raise Refusal(
            400, f"API Version String {wanted} is of invalid format. Must be of format MajorNum.MinorNum."
        ) from error
    if not parse_version(lowest) <= call.microversion <= parse_version(newest):
        sentence = (
            f"Version {wanted} is not supported by the API. Minimum is {lowest} and maximum is {newest}."
        )
        raise Refusal(406, sentence)
    return f"{call.service} {wanted}"


def _carry_out(call: Call) -> Answer:
    routes = SERVICES[call.service]
    found = routes.match(call.method, call.path)
    with call.world.state.change():
        given = call.headers.get("x-auth-token", "")
        call.token = find_token(call.world, given) if given else None
    if call.token is None and (found is None or not found[0].open):
        raise Refusal(401, _UNAUTHORIZED)
    if found is None:
        raise Refusal(404, "The resource could not be found.", "HTTPNotFound")
    route, call.params = found
    if call.token is not None and not call.token["roles"] and not route.open and call.service != "identity":
        raise Refusal(401, _UNAUTHORIZED)  # a token without a scope opens nothing
    if call.service == "volume" and "project" in call.params and call.params["project"] != call.project_id:
        raise Refusal(400, "Malformed request url")
    if call.method in ("GET", "HEAD"):
        for value in call.params.values():
            call.world.work.seen(value)
    with call.world.state.change():
        try:
            done = route.handler(call)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            if call.method in ("GET", "HEAD", "DELETE"):
                raise
            message = f"Invalid input for this request: {type(error).__name__} {error}"
            raise Refusal(HTTPStatus.BAD_REQUEST, message) from error
    return done
