"""One error shape for everything that goes wrong, and what each kind of trouble becomes (contract 7.1).

`{"error_code": …, "error_msg": …}`, with `request_id` for errors of sign-in and routing; `message` says the sentence again to
OpenStack's own clients, which read nothing else. A client never sees a stack trace or an upstream body; the log has the rest,
under the request id.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import NoReturn

from opencbr.api.pools import Busy
from opencbr.api.response import JSON, Headers, Reply, encode
from opencbr.api.schema import ErrorBody
from opencbr.model.errors import BAD_PARAMETER, CATALOGUE, IDENTITY_FAILED, UNEXPECTED, CbrError, wire_code
from opencbr.model.lists import UnknownMarker, UnknownSortKey
from opencbr.service.failures import (
    CloudError,
    CredentialRefused,
    DatabaseDamaged,
    Denied,
    Unreachable,
    is_outage,
)

_log = logging.getLogger("opencbr.api")
_RETRY_SECONDS = "1"
_NO_ROLE = (
    "The service user has no role in this project, and can neither read nor make anything there: tell the operator, who gives "
    "it one with `opencbr register`."
)

NO_SUCH_API = "APIGW.0101"
UNAUTHENTICATED = "APIGW.0301"
CLOCK_OFF = "APIGW.0303"
"""What the gateway before CBR says: no such path, no valid credentials, a signature made by a clock that is off."""


class GatewayError(Exception):
    """Trouble before an operation is reached: sign-in (401) or routing. `code` is the full code."""

    def __init__(self, status: int, code: str, message: str, headers: Headers = ()) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers


@dataclass(frozen=True, slots=True)
class Failure:
    """An answer that is an error: `headers` are in addition to those every answer has."""

    status: int
    code: str
    message: str
    headers: Headers = ()

    def reply(self, request_id: str) -> Reply:
        """Write the one shape."""
        gateway = self.code.startswith("APIGW.")
        body = encode(ErrorBody(self.code, self.message, self.message, request_id if gateway else None))
        return self.status, body, JSON + self.headers


def bad_parameter(message: str, *, status: int | None = None) -> CbrError:
    """Make the error for a request that is not valid: 400/9900 unless another 4xx says it better."""
    return CbrError(BAD_PARAMETER, message, status=status)


def no_such_path() -> NoReturn:
    """Raise the error for a path that names no operation."""
    raise GatewayError(
        404, NO_SUCH_API, "There is no such path: check its spelling; /openapi.json lists what is offered."
    )


def not_offered(operation: str) -> NoReturn:
    """Raise the error for an operation of CBR that this server does not have."""
    message = f"CBR's {operation} is not offered here yet: /openapi.json lists what is."
    raise GatewayError(404, NO_SUCH_API, message)


def no_such_method(allowed: Iterable[str]) -> NoReturn:
    """Raise the error for a path that takes other methods."""
    names = ", ".join(allowed)
    message = f"This path does not take this method: use {names}."
    raise GatewayError(405, NO_SUCH_API, message, (("Allow", names),))


def failure_of(error: Exception) -> Failure:
    """Say what a client is told about `error`; what is not the client's doing is logged."""
    match error:
        case CbrError():
            return Failure(error.status, error.wire_code, error.message)
        case GatewayError():
            return _gateway(error)
        case UnknownMarker() | UnknownSortKey():
            return Failure(400, wire_code(BAD_PARAMETER), f"{str(error)[:300]}.")
        case CloudError():
            return _cloud(error)
    return _our_own(error)


def _our_own(error: Exception) -> Failure:
    if isinstance(error, Busy):
        _log.warning("a request was not answered in time: too many wait for the same")
        return _try_again("The server has too much to do: send the request again in a moment.")
    if isinstance(error, DatabaseDamaged):  # said once, with its name, where it was met
        _log.warning("a request met the damage of the database")
        return _try_again(CATALOGUE[UNEXPECTED].sentence)
    if is_outage(error):
        _log.warning("the database is busy or away: %s", type(error).__name__)
        return _try_again("The server's database is busy: send the request again in a moment.")
    _log.error("unexpected %s", type(error).__name__, exc_info=error)
    return Failure(500, wire_code(UNEXPECTED), CATALOGUE[UNEXPECTED].sentence)


def _gateway(error: GatewayError) -> Failure:
    # RFC 9110 asks for a challenge with every 401; Keystone's is the one that OpenStack clients know.
    challenge = (
        (("WWW-Authenticate", 'Keystone, SDK-HMAC-SHA256 realm="cbr"'),)
        if error.status == HTTPStatus.UNAUTHORIZED
        else ()
    )
    return Failure(error.status, error.code, error.message, (*error.headers, *challenge))


def _cloud(error: CloudError) -> Failure:
    if not isinstance(error, CredentialRefused):  # said once where it was refused
        _log.warning("%s", error)
    if error.service == "identity":
        sentence = _NO_ROLE if isinstance(error, Denied) else CATALOGUE[IDENTITY_FAILED].sentence
        return _try_again(sentence, IDENTITY_FAILED)
    if isinstance(error, Unreachable):
        return _try_again(
            f"The cloud's {error.service} service does not answer as it should: try again in a moment."
        )
    return Failure(
        500,
        wire_code(UNEXPECTED),
        f"The cloud's {error.service} service refused what this needs: tell the operator the request id.",
    )


def _try_again(message: str, code: str = UNEXPECTED) -> Failure:
    """Tell that the same request may well succeed soon: 503 instead of the catalogue's 500."""
    return Failure(503, wire_code(code), message, (("Retry-After", _RETRY_SECONDS),))
