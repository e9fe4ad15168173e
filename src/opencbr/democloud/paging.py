"""Pagination by limit and marker, the way Nova, Cinder and Neutron do it."""

from urllib.parse import parse_qsl, urlencode

from opencbr.democloud.request import Call
from opencbr.democloud.response import ApiError
from opencbr.democloud.state import Doc


def page(
    call: Call, docs: list[Doc], self_url: str, *, among: list[Doc] | None = None
) -> tuple[list[Doc], str | None]:
    """Cut the page that the call's `limit` and `marker` ask for; the address of the next one, or None.

    A marker is a place among all of `among`, in the same order: Nova and Cinder also know those that are not in the list.
    Refuses (400) a limit that is no number and a marker that is not there.
    """
    marker, limit_text = call.query.get("marker"), call.query.get("limit")
    if marker is not None:
        ids = [doc["id"] for doc in (docs if among is None else among)]
        if marker not in ids:
            raise ApiError(400, f"marker [{marker}] not found")
        behind = set(ids[ids.index(marker) + 1 :])
        docs = [doc for doc in docs if doc["id"] in behind]
    if limit_text is None:
        return docs, None
    if not limit_text.isdigit():
        raise ApiError(400, f"Invalid input for query parameters limit. Value: {limit_text}.")
    limit = int(limit_text)
    if limit == 0 or len(docs) <= limit:
        # The real services add a link to an empty page when a page is exactly full; clients stop there.
        return docs, None
    kept = [(name, value) for name, value in parse_qsl(call.query_text) if name != "marker"]
    kept.append(("marker", docs[limit - 1]["id"]))
    return docs[:limit], f"{self_url}?{urlencode(kept)}"
