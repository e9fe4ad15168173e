"""The server group of a plan: as it stands, mapped, made again from the record, or left out; and the other scheduler hints."""

from collections.abc import Mapping
from typing import Any

from opencbr.model.reference_fields import named
from opencbr.model.restore_plan.blueprint import NewServerGroup, Ref
from opencbr.model.restore_plan.captured import Json
from opencbr.model.restore_plan.choices import DROP, NEW
from opencbr.model.restore_plan.draft import Draft
from opencbr.model.restore_plan.rows import same_content


def choose_group(draft: Draft) -> Ref | None:
    """Find the server group: the chosen one, else by id, or the one of its name and policy. None for none."""
    newest = draft.captured.thing("server@newest") or {}
    ids = named("server@newest", {"server": newest}, "server_group")
    if not ids:
        return None
    document, captured = f"server_group/{ids[0]}", draft.captured.of("server_group").get(ids[0], {})
    chosen = draft.choices.server_group
    if chosen == DROP:
        draft.loses(document, "the mapping does without the server group")
        return None
    if chosen == NEW:
        return _make(draft, document, ids[0], captured)
    if chosen and chosen != ids[0]:
        _map(draft, document, chosen, "the group that was chosen")
        return Ref(id=chosen)
    return _found(draft, document, ids[0], captured)


def _found(draft: Draft, document: str, group_id: str, captured: Json) -> Ref | None:
    now = draft.standing(document)
    if now is not None:
        draft.stands(document, now)
        return Ref(id=group_id)
    alike = [
        str(one["id"])
        for one in draft.view.server_groups
        if captured and same_content(captured, one, "name", "policy")
    ]
    if len(alike) == 1:
        _map(draft, document, alike[0], "its id is gone, this group has its name and policy")
        return Ref(id=alike[0])
    options = (
        *((NEW,) if captured and not _namesakes(draft, captured) else ()),
        "the id of a server group",
        DROP,
    )
    ways = f"choose one of {', '.join(alike)}" if alike else "have it made again, choose another one"
    sentence = f"server group {captured.get('name') or group_id} is gone: {ways}, or do without"
    draft.ask("server_group", options, sentence, document)
    return None


def new_group(draft: Draft, group: Ref | None) -> tuple[NewServerGroup, ...]:
    """Give the group that is made again, if any."""
    if group is None or group.made is None:
        return ()
    captured = draft.captured.of("server_group")[group.made]
    return (
        NewServerGroup(
            key=group.made,
            name=str(captured.get("name") or ""),
            policy=str(captured.get("policy") or ""),
            rules=dict(captured.get("rules") or {}),
        ),
    )


def hints_of(draft: Draft) -> dict[str, Any]:
    """Give the scheduler hints but the server group, which has a place of its own."""
    hints = draft.captured.server.get("scheduler_hints")
    return {k: v for k, v in hints.items() if k != "group"} if isinstance(hints, Mapping) else {}


def _make(draft: Draft, document: str, group_id: str, captured: Json) -> Ref | None:
    """Have it made again. Nova renames no group, so that the job finds it by the name that it is to have: nobody else may."""
    there = _namesakes(draft, captured)
    if not captured:
        sentence = f"server group {group_id} is not in the record: choose another one, or do without"
        draft.refuse(document, (), sentence, (group_id,))
    elif there:
        sentence = f"the project has a server group {captured.get('name')} ({there[0]}): choose that one, or do without"
        draft.refuse(document, (), sentence, there)
    else:
        draft.makes(document, "made again from the record")
        draft.need("compute/server_groups", group_id)
        return Ref(made=group_id)
    return None


def _map(draft: Draft, document: str, target: str, why: str) -> None:
    found = next((one for one in draft.view.server_groups if one.get("id") == target), None)
    draft.maps(document, target, None if found is None else {"server_group": found}, why)


def _namesakes(draft: Draft, captured: Json) -> tuple[str, ...]:
    """Name the groups of the project that bear the captured one's name."""
    return tuple(
        str(one["id"]) for one in draft.view.server_groups if one.get("name") == captured.get("name")
    )
