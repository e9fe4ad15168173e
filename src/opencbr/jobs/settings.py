"""What an operator can turn on a worker."""

from typing import Annotated, get_args
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from opencbr.model.notice import Event

YEAR = 366 * 86400.0
"""The longest time that a setting may be, in seconds."""
_Often = Annotated[float, Meta(ge=0.01, le=YEAR)]
_Long = Annotated[float, Meta(ge=1, le=YEAR)]
_Count = Annotated[int, Meta(ge=1)]


class WorkerSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of one worker, with their bounds; all times in seconds unless said.

    `lease_seconds`: a worker silent for so long is dead and its jobs go to others. `poll_seconds`: between
    two looks at an upstream object. `outbox_seconds`: between two looks for waiting operations.
    `looks_per_second`: how often a worker looks for jobs to take, all types together. `slots`: jobs of one type
    at once. `full_backup_interval`: a chain of incrementals holds at most so many backups, the full one
    included. `backup_timeout_seconds`: a Cinder backup or snapshot that takes longer is given up.
    `release_timeout_seconds`: the same for a deletion. `stall_seconds`: when nothing is seen to move for so long
    at a snapshot or backup that is being made, its job tells; after twice as long it is given up, for a backup a
    minute later for each GiB, since its copying shows nothing. `patience_seconds`: so long each step of a job bears a
    cloud that does not answer. `way_back_seconds`: so long the snapshots stay that a restore takes of what it writes over; with
    0 none are taken. `way_back_optional`: where a project has no room for them a restore goes on without, instead of being
    refused. `root_images`: Nova makes an image of the root disk of a server that boots from one; without it such
    a disk is in no backup. `janitor_seconds`: between two rounds that try again to remove what ended jobs have
    left in the cloud. `bind_seconds`: between two rounds that bind servers and disks by their tags, where a vault's bind rules
    say so. `expiry_seconds`: between two looks for backups that have expired, or that a policy no longer keeps, for restore
    plans whose time is over, and for restores that were cancelled too late. In days, after which ended work is removed:
    `journal_days` from the journal of jobs, which nobody needs then, `operation_log_days` from the operation logs that users
    read.
    """

    lease_seconds: _Long = 30.0
    poll_seconds: _Often = 2.0
    outbox_seconds: _Often = 0.5
    looks_per_second: Annotated[float, Meta(ge=0.1, le=1000)] = 5.0
    slots: _Count = 32
    full_backup_interval: _Count = 10
    backup_timeout_seconds: _Long = 86400.0
    release_timeout_seconds: _Long = 1800.0
    stall_seconds: _Long = 1800.0
    patience_seconds: Annotated[float, Meta(ge=0, le=YEAR)] = 600.0
    way_back_seconds: Annotated[float, Meta(ge=0, le=YEAR)] = 86400.0
    way_back_optional: bool = False
    root_images: bool = True
    janitor_seconds: _Long = 600.0
    bind_seconds: _Long = 300.0
    expiry_seconds: _Long = 60.0
    journal_days: Annotated[float, Meta(ge=0.01, le=3660)] = 7.0
    operation_log_days: Annotated[float, Meta(ge=1, le=36600)] = 366.0


class ScheduleSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How policies fire; all times in seconds.

    `look_seconds`: between two looks for what is due. `backups_at_once`: while so many backups are under way in the cloud,
    those that were asked for by hand included, policies start none; `drills_at_once`: the same of drills.
    `start_window_seconds`: so long a run may wait to begin, where its policy says nothing. `spread_seconds`: over so long the
    runs of one time are spread, at most over half of the time until the policy is due again, each resource at the same place
    every time. `retry_seconds`: so long after a failure a run is tried again, within its start window. `run_missed`: what no
    worker was there for in its start window is run once, late.
    """

    look_seconds: _Often = 2.0
    backups_at_once: _Count = 32
    drills_at_once: _Count = 2
    start_window_seconds: Annotated[float, Meta(ge=60, le=86400)] = 3600.0
    spread_seconds: Annotated[float, Meta(ge=0, le=86400)] = 0.0
    retry_seconds: _Long = 300.0
    run_missed: bool = True


class DrillCheck(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One check of a drill's server; exactly one of `command`, `tcp` and `console` says what is looked at.

    `command` is an argv, started without a shell: 0 holds. `tcp` is a port of the server's first address. `console` is a text
    on its console. `seconds` is all the time it has. `servers` are the ids of the servers that it is for; none: all.
    """

    name: Annotated[str, Meta(min_length=1, max_length=255)]
    command: tuple[str, ...] = ()
    tcp: Annotated[int, Meta(ge=0, le=65535)] = 0
    console: str = ""
    seconds: Annotated[float, Meta(ge=1, le=YEAR)] = 300.0
    servers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a check of no kind, or of two."""
        if [bool(self.command), bool(self.tcp), bool(self.console)].count(True) != 1:
            raise ValueError(f"check {self.name!r} needs one of command, tcp and console, and only one")


class DrillSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the operator has set up for restore drills.

    `checks` are run one after the other. `enter` is what a TCP port is tried by: an argv that leads into the drill's network
    and is followed by the program that tries. In both, `{server_id}`, `{network_id}` and so on stand for the drill's.
    """

    enter: tuple[str, ...] = ()
    checks: tuple[DrillCheck, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a port that nothing leads to: from where the worker runs another host may have its address."""
        if not self.enter and any(check.tcp for check in self.checks):
            raise ValueError(
                "a check of a TCP port needs drill.enter, the command that leads into the network of a drill"
            )


class WebhookSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom the workers tell of runs and drills that went wrong; without `url` nobody.

    `secret_file` has the secret that signs, `whsec_` and base64, one or two lines. `events` are told; none: all
    but `policy_run.skipped`. `timeout_seconds` is all
    the time of one call, `give_up_hours` the age at which a notice is not sent any more. `ca_file`: certificates to trust
    instead of the system's.
    """

    url: str = ""
    secret_file: str = ""
    events: tuple[Event, ...] = ()
    timeout_seconds: Annotated[float, Meta(ge=0.1, le=60)] = 10.0
    give_up_hours: Annotated[float, Meta(ge=0.01, le=24 * 366)] = 72.0
    ca_file: str = ""

    @property
    def told(self) -> tuple[Event, ...]:
        """The events that are told."""
        return self.events or tuple(one for one in get_args(Event) if one != "policy_run.skipped")

    def __post_init__(self) -> None:
        """Refuse a URL by which others could read along, and one without a secret."""
        if not self.url:
            return
        try:
            parts = urlsplit(self.url)
            host, _ = parts.hostname, parts.port
        except ValueError as error:
            raise ValueError("url is none: write it as in https://alerts.example.org/opencbr") from error
        if not host or parts.scheme not in ("https", "http"):
            raise ValueError("url is none: write it as in https://alerts.example.org/opencbr")
        if parts.scheme == "http" and host not in ("localhost", "127.0.0.1", "::1"):
            raise ValueError(
                "url must begin with https://, since http:// is for a receiver on this machine alone"
            )
        if "@" in parts.netloc:
            raise ValueError("url must not have a user or a password: notices are signed instead")
        if not self.secret_file:
            raise ValueError("url needs secret_file, the file with the secret that signs what is sent there")
