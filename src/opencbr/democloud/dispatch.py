"""From a request to a reply: service, token, microversion, handler."""

import uuid
from http import HTTPStatus

from opencbr.democloud.backend import Backend
from opencbr.democloud.call_log import RecordedCall
from opencbr.democloud.compute.routes import NEWEST as NEWEST_COMPUTE
from opencbr.democloud.identity.tokens import find_token
from opencbr.democloud.request import Call, Request, parse_version
from opencbr.democloud.response import ApiError, Reply, Response, encode, error_response
from opencbr.democloud.routing import Route
from opencbr.democloud.services import SERVICES
from opencbr.democloud.volume.routes import NEWEST as NEWEST_VOLUME
from opencbr.democloud.worker import Worker

_VERSIONS = {"compute": ("2.1", NEWEST_COMPUTE), "volume": ("3.0", NEWEST_VOLUME)}
_UNAUTHORIZED = "The request you have made requires authentication."


def dispatch(backend: Backend, worker: Worker, base: str, request: Request) -> tuple[Reply, RecordedCall]:
    """Carry out one request as one transaction; `base` is the cloud's address, http://host:port."""
    call = Call(backend, request, f"{base}/{request.service}", f"req-{uuid.uuid4()}")
    version = ""
    try:
        version = _negotiate(call)
        response = _carry_out(call, worker)
    except ApiError as error:
        response = error_response(call.service, error.status, error.message, error.kind)
    worker.after_request()
    headers = {"Content-Type": "application/json", **_headers(call, version), **response.headers}
    headers = {
        name: value.replace("uri=identity", f'uri="{base}/identity/v3"') for name, value in headers.items()
    }
    return Reply(response.status, headers, _body(call, response)), _record(call, version, response.status)


def _body(call: Call, response: Response) -> bytes:
    if isinstance(response.body, bytes):
        return response.body
    body = b"" if response.body is None else encode(call.service, response.body)
    if call.service == "identity" and body.endswith(b"}") and not call.path.startswith("/v3/auth/tokens"):
        body += b"\n"
    return body


def _record(call: Call, version: str, status: int) -> RecordedCall:
    token, request = call.token or {}, call.request
    project, user = token.get("project") or {}, token.get("user") or {}
    return RecordedCall(
        *(request.service, request.method, request.path, request.query),
        project_id=project.get("id", ""),
        user_id=user.get("id", ""),
        microversion=version.partition(" ")[2],
        status=status,
        request_id=call.request_id,
    )


def _headers(call: Call, version: str) -> dict[str, str]:
    headers = {"X-Openstack-Request-Id": call.request_id}
    if call.service in ("compute", "volume"):
        headers |= {"x-compute-request-id": call.request_id, "OpenStack-API-Version": version}
        headers["Vary"] = "OpenStack-API-Version"
    if call.service == "compute":
        headers["X-OpenStack-Nova-API-Version"] = version.removeprefix("compute ")
    if call.service == "identity":
        headers["Vary"] = "X-Auth-Token"
    return headers


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
        raise ApiError(
            400, f"API Version String {wanted} is of invalid format. Must be of format MajorNum.MinorNum."
        ) from error
    if not parse_version(lowest) <= call.microversion <= parse_version(newest):
        sentence = (
            f"Version {wanted} is not supported by the API. Minimum is {lowest} and maximum is {newest}."
        )
        raise ApiError(406, sentence)
    return f"{call.service} {wanted}"


def _carry_out(call: Call, worker: Worker) -> Response:
    routes = SERVICES[call.service]
    found = routes.match(call.method, call.path)
    with call.backend.state.change():
        token = call.headers.get("x-auth-token", "")
        call.token = find_token(call.backend, token) if token else None
    if call.token is None and (found is None or not found[0].open):
        raise ApiError(401, _UNAUTHORIZED)
    if found is None:
        raise ApiError(404, "The resource could not be found.", "HTTPNotFound")
    route, call.params = found
    if call.token is not None and not call.token["roles"] and not route.open and call.service != "identity":
        raise ApiError(401, _UNAUTHORIZED)  # a token without a scope is good for Keystone only
    if call.service == "volume" and "project" in call.params and call.params["project"] != call.project_id:
        raise ApiError(400, "Malformed request url")
    if call.method in ("GET", "HEAD"):
        for value in call.params.values():
            worker.after_read(value)
    answer = _handled(call, route)
    if isinstance(answer, ApiError):
        raise answer
    return answer


def _handled(call: Call, route: Route) -> Response | ApiError:
    """Carry the call out in one change of the state; a refusal that keeps what was changed is returned."""
    with call.backend.state.change():
        try:
            return route.handler(call)
        except ApiError as error:
            if not error.keeps:
                raise
            return error
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            if call.method in ("GET", "HEAD", "DELETE"):
                raise
            message = f"Invalid input for this request: {type(error).__name__} {error}"
            raise ApiError(HTTPStatus.BAD_REQUEST, message) from error
