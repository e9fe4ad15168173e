"""Pages that follow work: a part of them is asked for again while something runs, and changed once it says another thing."""

import hashlib
from typing import Any
from urllib.parse import urlencode

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from opencbr.console.api_client import ApiClient
from opencbr.model import statuses

CHANGING = frozenset(
    {
        statuses.PROTECTING,
        statuses.WAITING_PROTECT,
        statuses.DELETING,
        statuses.WAITING_DELETE,
        statuses.RESTORING,
        statuses.WAITING_RESTORE,
    }
)
"""What a backup is while work on it goes on."""
GOES_ON = (statuses.RUNNING, statuses.WAITING)
"""What a log is while its work goes on."""

_SEEN = "seen"
_NO_CONTENT = 204


def work_of(client: ApiClient, **filters: str) -> dict[str, Any]:
    """Return the newest logs of work that goes on, and how many there are. Raises Refused."""
    found: dict[str, Any] = client.get("/operation-logs", status=GOES_ON, limit=5, **filters)
    return found


def live_page(
    page: str, part: str, /, *, live: bool, refreshed: bool = False, **shown: Any
) -> ResponseReturnValue:
    """Render a page, or, where a browser asks again by itself, the template `part` of it alone.

    What has not changed is not sent again, so that nobody loses the place. With `refreshed` the whole page is loaded anew
    once the work has ended: there is more to show then.
    """
    inner = Markup(render_template(part, **shown))  # noqa: S704 -- Jinja has escaped it
    seen = hashlib.sha256(inner.encode()).hexdigest()[:16]
    block = Markup(render_template("live.html", inner=inner, live=live, seen=seen, address=_address()))  # noqa: S704
    if not request.headers.get("HX-Request"):
        return render_template(page, live_part=block, **shown)
    if refreshed and not live:
        return "", 200, {"HX-Refresh": "true"}
    if live and request.args.get(_SEEN) == seen:
        return Response(status=_NO_CONTENT)
    return block


def _address() -> str:
    """Return the page's own address, as it was asked for."""
    kept = [(name, value) for name, value in request.args.items(multi=True) if name != _SEEN]
    return f"{request.path}?{urlencode(kept)}" if kept else request.path
