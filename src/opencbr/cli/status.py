"""`opencbr status`: is everything well, and if not, what to look at."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import click

from opencbr import wiring
from opencbr.cli.app import FAILED, Session, as_json, pass_session
from opencbr.cli.output import say, write_json, write_table
from opencbr.clock import SystemClock
from opencbr.model.operation_log import OperationLog
from opencbr.service import status as service
from opencbr.service.status import CloudStatus, Jobs


@click.command()
@click.option(
    "--hours",
    type=click.FloatRange(min=0.1, max=24 * 366),
    default=24.0,
    show_default=True,
    help="Count ended jobs and list failures that were requested in the last so many hours.",
)
@as_json
@pass_session
def status(session: Session, *, hours: float, json_: bool) -> None:
    """Say whether everything is well, in all projects: workers, jobs, newest failures, cloud.

    \b
    workers     those whose lease holds, by name
    jobs        waiting and running ones, all there are; ended ones of the last --hours
    longest     the job that has waited longest for a worker, and for how long
    credential  whether Keystone gives the service user a token, asked anew
    mover       whether a cinder-backup of the cloud is up
    orphans     objects in the cloud under this installation's name that belong to nothing, and those that
                finished backups need and that are gone (`opencbr orphans list` names them)
    webhook     notices that wait for its receiver, and those given up in the last --hours
    failures    the newest of the last --hours, with the sentence that says why

    Changes nothing. The database is asked by a few indexed queries, the cloud for a minute at most.

    Exit code 1 when something is wrong, and each wrong thing is a sentence: no worker alive, one that is
    silent, a job that has waited for more than ten minutes, failed jobs in the last --hours, a service user
    who cannot sign in, no mover, orphans or lost objects, a cloud that does not answer, notices that nobody
    takes. For a monitor:
    `opencbr status --hours 1 --json`, whose `ok` and `troubles` say the same.
    """  # noqa: D301 -- \b keeps click from joining the lines
    now = SystemClock().now()
    database = wiring.open_database(session.config)
    jobs = service.of_jobs(
        database, now, timedelta(hours=hours), has_webhook=bool(session.config.webhook.url)
    )
    cloud = service.of_cloud(database, wiring.open_cloud(session.config))
    troubles = service.troubles(jobs, cloud, now)
    if json_:
        write_json(_document(jobs, cloud, troubles, (now - jobs.oldest.created_at) if jobs.oldest else None))
    else:
        _show(jobs, cloud, troubles, (now - jobs.oldest.created_at) if jobs.oldest else None)
    if troubles:
        sys.exit(FAILED)


def _document(
    jobs: Jobs, cloud: CloudStatus, troubles: Sequence[str], waited: timedelta | None
) -> dict[str, Any]:
    stock = cloud.inventory
    oldest = jobs.oldest and {**_brief(jobs.oldest), "seconds": waited and round(waited.total_seconds(), 1)}
    return {
        "ok": not troubles,
        "troubles": list(troubles),
        "workers": {"alive": jobs.alive, "silent": jobs.silent},
        "jobs": {"unfinished": jobs.unfinished, "since": jobs.since, "ended": jobs.ended},
        "oldest_waiting": oldest,
        "failures": [_brief(log) for log in jobs.failures],
        "credential": cloud.credential,
        "mover": cloud.mover,
        "orphans": stock and len(stock.orphans) + len(stock.unneeded),
        "missing": stock and len(stock.missing),
        "webhook": jobs.notices and asdict(jobs.notices),
    }


def _brief(log: OperationLog) -> dict[str, Any]:
    names = ("id", "project_id", "operation_type", "status", "vault_name", "resource_id", "resource_name")
    ends = ("error_code", "error_message", "created_at", "ended_at")
    return {name: getattr(log, name) for name in (*names, *ends)}


def _webhook(jobs: Jobs) -> str:
    if jobs.notices is None:
        return "not set up"
    return f"{jobs.notices.waiting} notice(s) wait, {jobs.notices.given_up} given up"


def _show(jobs: Jobs, cloud: CloudStatus, troubles: Sequence[str], waited: timedelta | None) -> None:
    words = {True: "ok", False: "FAILED", None: "did not tell"}
    stock = cloud.inventory
    ended = ", ".join(f"{count} {name}" for name, count in sorted(jobs.ended.items())) or "none"
    unfinished = ", ".join(f"{count} {name}" for name, count in sorted(jobs.unfinished.items())) or "none"
    oldest = "nothing waits"
    if jobs.oldest is not None and waited is not None:
        subject = jobs.oldest.resource_name or jobs.oldest.vault_name or "?"
        oldest = (
            f"{jobs.oldest.operation_type} of {subject} for {waited.total_seconds():.0f} s ({jobs.oldest.id})"
        )
    lost = f", {len(stock.missing)} lost" if stock else ""
    for name, text in (
        ("workers", f"{len(jobs.alive)} alive: {', '.join(jobs.alive)}" if jobs.alive else "none alive"),
        ("jobs", f"under way: {unfinished}; ended, of those requested since {jobs.since:%H:%M} UTC: {ended}"),
        ("longest", oldest),
        ("credential", words[cloud.credential]),
        ("mover", words[cloud.mover]),
        ("orphans", f"{len(stock.orphans) + len(stock.unneeded)}{lost}" if stock else "did not tell"),
        ("webhook", _webhook(jobs)),
    ):
        say(f"{name:<11} {text}")
    if jobs.failures:
        write_table(
            ("ended", "project", "type", "resource", "operation log", "why"),
            [
                (
                    f"{log.ended_at:%Y-%m-%d %H:%M:%S}" if log.ended_at else "",
                    log.project_id,
                    log.operation_type,
                    log.resource_name or log.vault_name,
                    log.id,
                    f"{log.error_code}: {log.error_message}",
                )
                for log in jobs.failures
            ],
            empty="",
        )
    for sentence in troubles:
        say(sentence, mark=click.style("WRONG ", fg="red", bold=True))
    if not troubles:
        say("all is well")
