"""Who refuses: Keystone, in its own form, or whatever else answers at an address where Keystone should be.

A proxy or a wrong path of `auth_url` answers 404, 403 or a page, and says nothing about a user, a token or a key.
"""

from opencbr.cloud.retry import AGAIN
from opencbr.cloud.strict_json import Unusable, read_object

NO_KEYSTONE = "what answers at this address is no Keystone: auth_url in clouds.yaml is wrong, or a proxy is in its place"


def is_keystones(body: bytes) -> bool:
    """Say whether a body is a fault as Keystone writes it: an object `error` with a message."""
    try:
        fault = read_object(body).get("error")
    except Unusable:
        return False
    return isinstance(fault, dict) and isinstance(fault.get("message"), str)


def why_no_token(cause: Exception) -> str:
    """Say of keystoneauth's exception why signing in gave no token; never what stood in the answer."""
    from keystoneauth1 import exceptions

    met = cause
    if isinstance(cause, exceptions.DiscoveryFailure) and isinstance(
        cause.__context__, exceptions.ClientException
    ):
        cause = cause.__context__  # in looking for Keystone's versions, which it shows to everybody
    if isinstance(cause, exceptions.HttpError):
        passing = cause.http_status in AGAIN or (met is cause and is_keystones(_body(cause)))
        return "no token could be had" if passing else NO_KEYSTONE
    if isinstance(cause, exceptions.ConnectionError):
        return "the connection failed or was cut"
    if isinstance(cause, exceptions.InvalidResponse | exceptions.DiscoveryFailure):
        return NO_KEYSTONE
    return f"signing in failed ({type(cause).__name__})"


def refuses(cause: Exception) -> bool:
    """Say whether Keystone itself refuses the credential, or the scope, with keystoneauth's HttpError."""
    return getattr(cause, "http_status", None) in (401, 403, 404) and is_keystones(_body(cause))


def _body(cause: Exception) -> bytes:
    return bytes(getattr(getattr(cause, "response", None), "content", b""))
