"""The security groups of a plan: used as they stand, mapped, made again with their rules, or left out."""

from collections.abc import Mapping
from typing import Any

from opencbr.model.reference_fields import named
from opencbr.model.restore_plan.blueprint import NewGroup, NewRule, Ref
from opencbr.model.restore_plan.captured import Json, rows, thing
from opencbr.model.restore_plan.choices import DROP, NEW
from opencbr.model.restore_plan.draft import LOST, MADE, MAPPED, STANDS, Draft

_RULE = ("direction", "ethertype", "protocol", "port_range_min", "port_range_max", "remote_ip_prefix")
_RULES = "security_group_rules"
_UNKNOWN = "is not in the record: map it to another one"


def resolve_group(draft: Draft, group_id: str) -> None:
    """Judge a group of the record, once."""
    document = f"security_group/{group_id}"
    if document in draft.things:
        return
    captured = draft.captured.of("security_group").get(group_id)
    chosen, now = draft.choices.security_groups.get(group_id), draft.standing(document)
    if chosen == DROP:
        draft.loses(document, "the mapping does without this security group")
    elif chosen == NEW:
        _make(draft, document, group_id, captured)
    elif chosen and (chosen != group_id or captured is None):
        found = next((one for one in draft.view.security_groups if one.get("id") == chosen), None)
        draft.maps(document, chosen, {"security_group": found or {}}, "the security group that was chosen")
    elif now is not None:
        draft.stands(document, now)
        _tell_added(draft, group_id, captured or {}, thing("security_group", now))
    else:
        _look_for_alike(draft, document, group_id, captured)


def ref_of(draft: Draft, group_id: str) -> Ref | None:
    """Give the group that takes a captured one's place; None where there is none."""
    thing_ = draft.things.get(f"security_group/{group_id}")
    if thing_ is None or thing_.how not in (STANDS, MAPPED, MADE):
        return None
    return Ref(made=group_id) if thing_.how == MADE else Ref(id=thing_.id or group_id)


def new_groups(draft: Draft) -> tuple[NewGroup, ...]:
    """Give the groups that are made again."""
    return tuple(
        _new(draft, group_id, captured)
        for group_id, captured in draft.captured.of("security_group").items()
        if (found := draft.things.get(f"security_group/{group_id}")) is not None and found.how == MADE
    )


def _make(draft: Draft, document: str, group_id: str, captured: Json | None) -> None:
    if captured is None:
        draft.refuse(
            document,
            (),
            f"security group {group_id} {_UNKNOWN}, or do without",
            (group_id,),
        )
    elif captured.get("name") == "default":
        draft.refuse(
            document,
            (),
            "Neutron has one group `default` a project and makes it itself: map it to that",
            (group_id,),
        )
    else:
        draft.makes(document, "made again from the record")
        rules = rows(captured, _RULES)
        draft.need("network/security_group", group_id)
        draft.need("network/security_group_rule", group_id, len(rules))
        for number, rule in enumerate(rules):
            _judge_remote(draft, document, group_id, number, rule)


def _judge_remote(draft: Draft, document: str, group_id: str, number: int, rule: Json) -> None:
    """Judge what a rule names; a rule whose remote side is gone is left out, it must not let in more than before."""
    groups, address_groups = _remotes(rule)
    for other in groups:
        if other != group_id:
            resolve_group(draft, other)
    gone = [f"security group {one}" for one in groups if one != group_id and ref_of(draft, one) is None]
    gone += [
        f"address group {one}" for one in address_groups if draft.standing(f"address_group/{one}") is None
    ]
    for name in rule if gone else ():
        why = f"the rule names {gone[0]}, which the new server does not have: the rule is left out"
        draft.decide(document, ("security_group", _RULES, str(number), name), LOST, why)


def _look_for_alike(draft: Draft, document: str, group_id: str, captured: Json | None) -> None:
    """Find the one group that bears its name, else the one that has its rules; which of several is the caller's to say."""
    alike = [
        one for one in draft.view.security_groups if captured and one.get("name") == captured.get("name")
    ]
    why = "its id is gone, this group bears its name"
    if len(alike) != 1 and captured:
        same = [one for one in draft.view.security_groups if _content(captured) == _content(one)]
        alike = [one for one in same if one.get("name") == captured.get("name")] or same
        why = "it is gone, this group has the same rules"
    if len(alike) == 1 and captured:
        draft.maps(document, str(alike[0]["id"]), {"security_group": alike[0]}, why)
        _tell_added(draft, group_id, captured, alike[0])
        return
    name = f"{captured.get('name')} ({group_id})" if captured else group_id
    options = (*((NEW,) if captured else ()), "the id of a security group", DROP)
    again = "is gone: have it made again with its rules, map it to another one" if captured else _UNKNOWN
    if alike:
        several = ", ".join(f"{one['id']} ({one.get('name')})" for one in alike)
        again = f"is gone, and several have its rules, {several}: choose one, have it made again"
    sentence = f"security group {name} {again}, or do without"
    draft.ask(f"security_groups.{group_id}", options, sentence, document)


def _tell_added(draft: Draft, group_id: str, captured: Json, now: Json) -> None:
    before, after = _content(captured), _content(now)
    if captured and (more := len(after - before)):
        draft.notices.append(
            f"security group {now.get('id') or group_id} has {more} rule(s) that it had not when the server was backed up"
        )


def _content(group: Json) -> frozenset[Any]:
    """Give the rules of a group by what they say."""
    own = group.get("id")
    found = set()
    for rule in rows(group, _RULES):
        groups, address_groups = _remotes(rule)
        remote = tuple("self" if one == own else one for one in groups)
        found.add((*(str(rule.get(name)) for name in _RULE), remote, tuple(address_groups)))
    return frozenset(found)


def _remotes(rule: Json) -> tuple[list[str], list[str]]:
    body = {"security_group": {_RULES: [rule]}}
    return named("security_group", body, "security_group"), named("security_group", body, "address_group")


def _new(draft: Draft, group_id: str, captured: Json) -> NewGroup:
    return NewGroup(
        key=group_id,
        name=str(captured.get("name") or ""),
        description=str(captured.get("description") or ""),
        stateful=captured.get("stateful"),
        tags=tuple(captured.get("tags") or ()),
        rules=tuple(
            _rule(draft, group_id, rule)
            for number, rule in enumerate(rows(captured, _RULES))
            if (f"security_group/{group_id}", ("security_group", _RULES, str(number), "direction"))
            not in draft.fates
        ),
    )


def _rule(draft: Draft, group_id: str, rule: Json) -> NewRule:
    groups, _ = _remotes(rule)
    names = (*_RULE, "remote_address_group_id", "description")
    fields: Mapping[str, Any] = {name: rule[name] for name in names if rule.get(name) not in (None, "")}
    remote = None
    if groups:
        remote = Ref(made=group_id) if groups[0] == group_id else ref_of(draft, groups[0])
    return NewRule(fields=fields, remote_group=remote)
