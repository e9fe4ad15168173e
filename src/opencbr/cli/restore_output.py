"""What a restore plan says, and what came of it, as text and as JSON."""

from typing import TYPE_CHECKING, Any

from opencbr.cli.output import say, write_json, write_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opencbr.model.operation_log import OperationLog
    from opencbr.model.restore_plan.rows import Row
    from opencbr.service.restore_plans import ShownPlan

_TRIVIAL = {"kept", "new"}
_CELL = 60


def plain(shown: "ShownPlan") -> Any:
    """Return the plan as the API shows it."""
    import msgspec

    from opencbr.api.plus.restore_plans.body import plan_body

    return msgspec.to_builtins(plan_body(shown))


def write_plan(shown: "ShownPlan", *, all_: bool) -> None:
    """Tell a plan: its fields, without those that come back or are made anew by themselves unless `all_`, and what is open."""
    for one in shown.backups:
        say(f"{one.resource_name}, backup {one.backup_id}:")
        _write_rows(one.rows, all_=all_)
    if shown.backups:
        say("what several of them have, made once:")
    _write_rows(shown.rows, all_=all_)
    counts = ", ".join(f"{count} {fate}" for fate, count in shown.counts.items() if count)
    for notice in shown.notices:
        say(f"note: {notice}")
    for choice in shown.choices:
        say(f"choose {choice.member}: {' | '.join(choice.options)}: {choice.sentence}")
    for problem in shown.problems:
        say(f"refused: {problem.sentence}")
    say(f"plan {shown.id} is {shown.status}: {counts}; kept until {shown.expires_at:%Y-%m-%d %H:%M:%S} UTC")


def _write_rows(rows: "Sequence[Row]", *, all_: bool) -> None:
    columns = ("document", "field", "captured", "fate", "target", "why")
    told = [row for row in rows if all_ or row.fate not in _TRIVIAL]
    write_table(
        columns,
        [(r.document, r.field, _short(r.value), r.fate, r.target, r.reason) for r in told],
        empty="every field is given back, or made anew by the cloud",
    )


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _CELL else f"{text[: _CELL - 3]}..."


def write_log(log: "OperationLog") -> None:
    """Write an operation log as the API shows it."""
    import msgspec

    from opencbr.api.cbr.operation_logs.body import operation_log_body

    write_json({"operation_log": msgspec.to_builtins(operation_log_body(log))})


def write_report(log: "OperationLog") -> None:
    """Tell what a restore has made, and how many fields became what."""
    from opencbr.model.operation_log import REPORT, RESOURCES, RESTORE, RESTORE_CHECKPOINT, RESTORE_NEW_VOLUME

    told_fields, where = _told(log.details.get(REPORT, {})), _elsewhere(log)
    if log.operation_type == RESTORE_CHECKPOINT:
        for one in log.details[RESOURCES]:
            say(
                f"{one['resource_name']} is there as {one['target_resource_id']}{where}: {_told(one[REPORT])}"
            )
        if told_fields:
            say(f"what several of them have, made once: {told_fields}")
        return
    target = log.details["target_resource_id"]
    if log.operation_type == RESTORE:
        say(f"{target} is restored: {told_fields}")
        return
    what = "volume" if log.operation_type == RESTORE_NEW_VOLUME else "server"
    say(f"{what} {target} is there{where}: {told_fields}")


def _elsewhere(log: "OperationLog") -> str:
    project_id = log.details.get("target_project_id", log.project_id)
    return "" if project_id == log.project_id else f" in project {project_id}"


def _told(report: "Mapping[str, Any]") -> str:
    return ", ".join(f"{count} {name}" for name, count in report.items() if isinstance(count, int) and count)
