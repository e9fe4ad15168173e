"""The page a list is asked for, from its query (contract 2)."""

from opencbr.api.errors import bad_parameter
from opencbr.api.schema import PageQuery
from opencbr.model.lists import Direction, Page


def page_of(query: PageQuery) -> Page:
    """Return the page; raises 400/9900 for a sort that is not `key[:asc|desc]`, parts separated by commas.

    Which keys and markers a list knows, the store decides (UnknownSortKey, UnknownMarker).
    """
    if query.sort is None:
        return Page(limit=query.limit, offset=query.offset, marker=query.marker)
    sort = tuple(_part(part) for part in query.sort.split(","))
    return Page(limit=query.limit, offset=query.offset, marker=query.marker, sort=sort)


def _part(part: str) -> tuple[str, Direction]:
    key, _, direction = (piece.strip() for piece in part.partition(":"))
    match direction.lower():
        case "asc" if key:
            return key, "asc"
        case "desc" | "" if key:
            return key, "desc"
    raise bad_parameter(
        "sort: write key:asc or key:desc, several separated by commas, as in created_at:desc."
    )
