"""Reads every upstream answer, keystoneauth's own among them, within bounds: so many bytes and so many seconds in all.

A timeout of requests bounds each wait for bytes, so that an answer which comes byte by byte never ends; and requests takes
a body of any length, unpacked.
"""

import time
from http import HTTPStatus
from typing import Any

from keystoneauth1.session import TCPKeepAliveAdapter
from requests import PreparedRequest, Response
from requests.exceptions import ConnectionError as ConnectionLost
from requests.exceptions import ReadTimeout
from urllib3.exceptions import HTTPError, ReadTimeoutError

from opencbr.cloud.timed_response import POOLS
from opencbr.deadline import seconds_left

ANSWER_LIMIT = 64 * 1024 * 1024
"""Bytes of an upstream answer, unpacked; the largest real ones, security groups of many thousand rules, have a third of it."""
WAITED_LIMIT = 4 * 1024 * 1024
"""The same for an answer that a client waits for: many clients wait at once, and a page of 200 rows has a tenth of it."""


class TooLong(ConnectionLost):
    """An answer that has more bytes than are read."""


_CHUNK = 64 * 1024


def bound_answers(session: Any) -> None:
    """Have a keystoneauth session read all answers so; its choices of TLS stay."""
    tls = {name: getattr(session, name, None) for name in ("tls_ciphers", "tls_min_version")}
    for scheme in ("http://", "https://"):
        adapter = BoundedAdapter(**{name: value for name, value in tls.items() if value})
        adapter.session = session
        session.mount(scheme, adapter)


class BoundedAdapter(TCPKeepAliveAdapter):
    """Hands out responses whose body has been read."""

    session: Any = None

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        """Have the head read within bounds too."""
        super().init_poolmanager(*args, **more)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, *args: Any, **more: Any) -> Any:
        """Have the head read within bounds too, where the environment names a proxy."""
        manager = super().proxy_manager_for(*args, **more)
        manager.pool_classes_by_scheme = POOLS
        return manager

    def send(  # type: ignore[override]  # the options that only pass through are not named
        self, request: PreparedRequest, *, stream: bool = False, timeout: Any = None, **more: Any
    ) -> Response:
        """Send a request; `timeout` is seconds for the whole call.

        Raises ReadTimeout, TooLong, or ConnectionError for a body that is cut short or cannot be unpacked.
        """
        del stream
        end = None if timeout is None else time.monotonic() + float(timeout)
        response: Response = super().send(request, stream=True, timeout=timeout, **more)
        try:
            # What `Response.content` would set after reading without these bounds.
            response._content = _body(response, request, end)  # noqa: SLF001
            response._content_consumed = True  # noqa: SLF001
        except ReadTimeoutError as error:
            raise ReadTimeout("the answer did not end in time", request=request) from error
        except HTTPError as error:
            raise ConnectionLost(error, request=request) from error
        finally:
            response.close()  # gives a connection that was read to the end back to its pool
        if response.status_code == HTTPStatus.UNAUTHORIZED and self._is_looking_for_keystone(request):
            # keystoneauth would ask again with a token, for which it waits until itself has got one: for ever.
            response.status_code = HTTPStatus.FORBIDDEN
        return response

    def _is_looking_for_keystone(self, request: PreparedRequest) -> bool:
        auth_url = getattr(getattr(self.session, "auth", None), "auth_url", None)
        return auth_url is not None and request.method == "GET" and request.url == auth_url


def _body(response: Response, request: PreparedRequest, end: float | None) -> bytes:
    parts, size = [], 0
    limit = ANSWER_LIMIT if seconds_left() is None else WAITED_LIMIT
    # One read of the network a turn, or the time could not be looked at.
    while part := response.raw.read1(_CHUNK, decode_content=True):
        parts.append(part)
        size += len(part)
        if size > limit:
            raise TooLong(f"the answer has more than {limit} bytes", request=request)
        if end is not None and time.monotonic() > end:
            raise ReadTimeout("the answer did not end in time", request=request)
    return b"".join(parts)
