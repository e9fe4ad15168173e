"""The page a list is asked for, from its query (contract 2)."""

from opencbr.api.errors import bad_parameter
from opencbr.api.schema import PageQuery
from opencbr.store.pages import Page

_DIRECTIONS = ("asc", "desc")


def page_of(query: PageQuery) -> Page:
    """Return the page; raises 400/9900 for a sort that is not `key[:asc|desc]`, parts separated by commas.

    Which keys and markers a list knows, the store decides (UnknownSortKey, UnknownMarker).
    """
    if query.sort is None:
        return Page(limit=query.limit, offset=query.offset, marker=query.marker)
    sort = tuple(_part(part) for part in query.sort.split(","))
    return Page(limit=query.limit, offset=query.offset, marker=query.marker, sort=sort)


def _part(part: str) -> tuple[str, str]:
    key, _, direction = part.strip().partition(":")
    direction = direction.strip().lower() or "desc"
    if not key or direction not in _DIRECTIONS:
        raise bad_parameter(
            "sort: write key:asc or key:desc, several separated by commas, as in created_at:desc."
        )
    return key.strip(), direction
