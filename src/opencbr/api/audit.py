"""The audit lines of changes: every operation that is no reading leaves one, written where all of them pass."""

from collections.abc import Mapping

from msgspec import Struct

from opencbr.api.route import Operation
from opencbr.observe.log import audit
from opencbr.service.context import Context


def note_change(
    operation: Operation, ctx: Context, path: Mapping[str, str], given: Struct | bytes | None
) -> None:
    """Write the line of a change that was made, or ordered: operation, what it is about, who.

    `given` is the answer; of what it tells first, the id is noted: that of the object that was made.
    """
    about = dict(path)
    if not about and isinstance(given, Struct):
        made = getattr(getattr(given, given.__struct_fields__[0]), "id", None)
        about |= {"id": made} if isinstance(made, str) else {}
    audit.info(
        "changed: %s %s by user %s in project %s, request %s",
        operation.name,
        " ".join(f"{name}={value}" for name, value in about.items()),
        ctx.actor.user_id,
        ctx.project_id,
        ctx.request_id,
    )
