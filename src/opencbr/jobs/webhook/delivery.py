"""Sending notices: each until somebody takes it, at growing distances, or until it is too old to be of use.

An attempt is written down, with the time of the next one, before it is made: whoever dies in it leaves the notice to the
next. So one may come twice, under the same id, and none is lost.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path

from opencbr.jobs.engine.duty import Duty
from opencbr.jobs.settings import WebhookSettings
from opencbr.jobs.webhook.gathering import gather
from opencbr.jobs.webhook.post import NoAnswer, Post
from opencbr.jobs.webhook.signing import headers, read_secrets
from opencbr.model.clock import Clock
from opencbr.model.notice import Notice, pause
from opencbr.store import notices
from opencbr.store.database import Database

log = logging.getLogger(__name__)

_BATCH = 50
_SECONDS = 5.0
_KEPT = timedelta(days=30)
"""So long notices stay that were sent or given up; longer than what they are of is looked for."""


class Webhook:
    """`round` is all that is to be done now. `post` takes text and headers, and answers a status or raises NoAnswer."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        settings: WebhookSettings,
        post: Callable[[str, Mapping[str, str]], int],
    ) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._post = post
        self._told = ""

    def round(self) -> bool:
        """Write new notices, give up old ones, and send what is due; say whether there is more to do at once.

        Raises SecretTrouble, before anything is counted as an attempt.
        """
        now = self._clock.now()
        oldest = now - timedelta(hours=self._settings.give_up_hours)
        is_more = gather(self._database, self._settings, oldest, now, _BATCH)
        secrets = read_secrets(Path(self._settings.secret_file))
        with self._database.write() as conn:
            given_up = notices.give_up(conn, oldest, now=now)
            notices.purge(conn, oldest - _KEPT, _BATCH)
        if given_up:
            log.error(
                "%d notices were not taken within %g hours and are given up: see `opencbr policy runs` and `drill list`",
                given_up,
                self._settings.give_up_hours,
            )
        with self._database.read() as conn:
            due = notices.due(conn, now, _BATCH)
        for notice in due:
            if not self._send(notice, secrets):
                return False  # who does not answer is asked again later, with one notice
        return is_more or len(due) == _BATCH

    def _send(self, notice: Notice, secrets: list[bytes]) -> bool:
        """Send a notice; return whether somebody has answered."""
        now = self._clock.now()
        with self._database.write() as conn:
            if not notices.begin(conn, notice, again=now + pause(notice.attempts + 1)):
                return True
        try:
            status = self._post(notice.body, headers(notice, secrets, now))
        except NoAnswer as error:
            self._refused(notice, str(error))
            return False
        if HTTPStatus(200) <= status < HTTPStatus(300):
            with self._database.write() as conn:
                notices.sent(conn, notice, now=self._clock.now())
            if self._told:
                log.warning("the webhook's receiver takes notices again")
            self._told = ""
        else:
            followed = "; redirects are not followed" if 300 <= status < 400 else ""  # noqa: PLR2004
            self._refused(notice, f"the receiver answered {status}{followed}")
        return True

    def _refused(self, notice: Notice, reason: str) -> None:
        with self._database.write() as conn:
            notices.refused(conn, notice, reason)
        if reason != self._told:
            log.warning("notice %s (%s) is sent again later: %s", notice.id, notice.event, reason)
        self._told = reason


def webhook_duty(
    database: Database, clock: Clock, settings: WebhookSettings, guard: Callable[[], None]
) -> Duty:
    """Look at the start and every few seconds, on one worker, in a thread of its own. Raises OSError as `Post` does."""
    webhook = Webhook(database, clock, settings, Post(settings))

    def run() -> bool:
        guard()
        return webhook.round()

    return Duty(name="webhook", interval_seconds=_SECONDS, run=run, leader_only=True)
