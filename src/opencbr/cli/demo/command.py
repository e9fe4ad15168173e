"""The command: starts the family, tells the story, keeps serving."""

import json
import socket
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from opencbr import wiring
from opencbr.cli.app import INTERRUPTED, Failure, Session, Unusable, pass_session
from opencbr.cli.demo import lines, show, story
from opencbr.cli.demo.client import Account, Client, answers, sign_in
from opencbr.cli.demo.family import Family, memory_megabytes
from opencbr.cli.demo.interruption import ignore_signals, interruptible
from opencbr.cli.demo.progress import progress
from opencbr.cli.demo.state import claim, default_folder, write_env, write_files, write_private
from opencbr.cli.port import PortTaken, claim_port
from opencbr.config import authority, listen_address
from opencbr.democloud import DemoCloud
from opencbr.model import statuses

DEFAULT_LISTEN = "127.0.0.1:8780"
_READY_SECONDS = 60.0
_REST_SECONDS = 2.0
_PIPE_WIDTH = 100
_ADMIN, _MEMBER = "demo-admin", "demo"


@click.command()
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder that keeps everything. Default: opencbr/demo in your data folder.",
)
@click.option(
    "--env",
    "env_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write shell lines with endpoint and credentials to this file once everything is ready.",
)
@click.option(
    "--listen",
    metavar="HOST:PORT",
    help=f"Where the API listens; port 0 is any free one. Default: {DEFAULT_LISTEN}.",
)
@click.option("--once", is_flag=True, help="End after the metadata is printed.")
@pass_session
def demo(
    session: Session, state: Path | None, env_file: Path | None, listen: str | None, *, once: bool
) -> None:
    """Show the whole thing without a cloud: embedded OpenStack, API and worker.

    Makes a vault, binds a server, gives it a policy, runs that and prints its metadata, then serves until Ctrl-C. Everything
    is kept in the state folder: a second start finds the backups. Users and passwords are made at the first
    start: demo-admin is an admin of the project and sees the documents verbatim, demo is a plain member
    and sees secrets and infrastructure masked.
    """
    folder = (state or default_folder(session.environ)).expanduser().absolute()
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_PIPE_WIDTH)
    ready = False
    host, port = listen_address(listen or DEFAULT_LISTEN)
    with interruptible(), claim(folder), _port(host, port, console, may_give_way=not listen) as held:
        demo_run: Demo | None = None
        try:
            demo_run = Demo(folder, env_file, held.getsockname()[:2], console)
            demo_run.open()
            demo_run.play()
            ready = True
            if once:
                console.print(
                    "\nThe API ends with this command; without --once it keeps serving, and tells how to ask it."
                )
            else:
                demo_run.print_lines()
                demo_run.serve()
        except KeyboardInterrupt:
            if not ready:
                raise SystemExit(INTERRUPTED) from None
        finally:
            ignore_signals()
            if demo_run is not None:
                console.print("stopping ...")
                demo_run.close()
    console.print(f"stopped; everything is kept in {folder}", soft_wrap=True)


@dataclass
class Demo:
    """One run of the demo."""

    folder: Path
    env_file: Path | None
    address: tuple[str, int]
    console: Console

    def __post_init__(self) -> None:
        host, port = self.address
        shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 -- what "any" is called by a client
        self.endpoint = f"http://{authority(shown, port)}"
        self.cloud = DemoCloud(self.folder / "cloud")
        self.family: Family | None = None
        self.backup_id = ""

    def open(self) -> None:
        """Start the embedded cloud, the API and the worker, and wait until they are ready."""
        try:
            self.cloud.start()
        except sqlite3.DatabaseError as error:
            raise Unusable(
                f"the embedded cloud cannot use its file in {self.cloud.state_dir} ({error}): remove {self.folder}, or"
                " choose another folder with --state"
            ) from error
        self._tell(f"embedded OpenStack on {self.cloud.base}")
        config = write_files(self.folder, self.cloud.clouds_yaml(), authority(*self.address), self.endpoint)
        parts = wiring.build(config)
        parts.database.upgrade()
        wiring.refuse_damaged_journal(config)
        # The keys are made here, so that the two children do not both make them.
        assert parts.records
        parts.database.dispose()
        self.family = Family(self.folder, self.folder / "opencbr.toml")
        self.family.start("serve", "--claimed", "--accounts", str(self._write_accounts()))
        self.family.start("worker")
        deadline = time.monotonic() + _READY_SECONDS
        while not answers(f"{self.endpoint}/readyz"):
            self.family.check()
            if time.monotonic() > deadline:
                raise Failure(f"the API was not ready in time; its log is {self.family.log('serve')}")
            time.sleep(0.1)
        self._tell(f"opencbr on {self.endpoint}, worker beside it")
        # The port may be another one than at the last start.
        admin = wiring.open_cloud(config, name="admin")
        admin.register(endpoint=self.endpoint)
        admin.close()

    def play(self) -> None:
        """Make or find a backup, print what it holds and how to fetch that."""
        assert self.family is not None, "open() comes first"
        client = self._client(_ADMIN)
        vault_id = story.ensure_vault(client, self._tell)
        policy_id = story.ensure_policy(client, vault_id, self._tell)
        earlier = story.earlier_backups(client, vault_id)
        if earlier:
            show.backups(self.console, earlier)
        usable = _newest_usable(earlier)
        self.backup_id = (
            usable["id"] if usable else story.request_backup(client, policy_id, self.family.check)
        )
        if usable is None or story.is_running(usable):
            with progress(self.console) as tell:
                story.await_backup(client, self.backup_id, tell, self.family.check)
        path = f"/backups/{self.backup_id}"
        verbatim = client.get(f"{path}/metadata")
        masked = self._client(_MEMBER).get(f"{path}/metadata")
        report = client.get(f"{path}/record/report")["report"]
        self.console.print()
        show.metadata(self.console, verbatim, masked, report)
        self._write_envs()

    def print_lines(self) -> None:
        """Print how to fetch the same: with curl, one document of it decoded, and with the SDK."""
        say: Callable[[str], None] = lambda text: self.console.print(text, markup=False, soft_wrap=True)  # noqa: E731
        say(f"\nIn a browser, console and API explorer, signed in by one click: {self.endpoint}/console")
        say("\nThe same over HTTP (demo-admin; the plain member's variables are in env-member beside it):\n")
        say(lines.source(self.env_file.absolute() if self.env_file else self.own_env))
        say(lines.CURL)
        say(
            f"\nThe token in there ends at {self.token_ends:%H:%M} UTC; the first line, said again, gives a fresh one "
            "while the demo runs."
        )
        say("Each member of that answer is the text of a JSON document. The server's, decoded:\n")
        say(lines.decoded())
        say("\nThe same with the Python SDK (pip install huaweicloudsdkcbr):\n")
        say(lines.python() + "\n")

    def serve(self) -> None:
        """Serve until interrupted; keep the tokens in the environment files fresh."""
        assert self.family is not None, "open() comes first"
        time.sleep(_REST_SECONDS)
        memory = memory_megabytes()
        if memory is not None:
            self._tell(f"memory at rest: {memory:.0f} MB in all processes together")
        self._tell("serving until Ctrl-C")
        while True:
            self.family.check()
            time.sleep(0.5)
            if datetime.now(UTC) > self.renew_at:
                self._write_envs()

    def close(self) -> None:
        """Stop everything that was started."""
        if self.family is not None:
            self.family.stop()
        self.cloud.stop()

    @property
    def own_env(self) -> Path:
        """The environment file that is always written."""
        return self.folder / "env"

    @property
    def member_env(self) -> Path:
        """The plain member's."""
        return self.folder / "env-member"

    def _client(self, name: str) -> Client:
        account = self._account(name)
        return Client(self.endpoint, account.project_id, sign_in(self.cloud.auth_url, account).value)

    def _account(self, name: str) -> Account:
        doc = self.cloud.account(name)
        access, secret = self.cloud.access_key(name)
        return Account(
            doc["user_name"], doc["password"], doc["project_name"], doc["project_id"], access, secret
        )

    def _write_accounts(self) -> Path:
        """Write who is signed in to the console by one click."""
        found = {self._account(_ADMIN): self.own_env, self._account(_MEMBER): self.member_env}
        path = self.folder / "accounts.json"
        rows = [
            {"user": a.user, "password": a.password, "project_id": a.project_id, "environment": str(env)}
            for a, env in found.items()
        ]
        write_private(path, json.dumps(rows) + "\n")
        return path

    def _write_envs(self) -> None:
        member = self._write_env(_MEMBER, self.member_env)
        admin = self._write_env(_ADMIN, self.own_env, *([self.env_file] if self.env_file else []))
        now, self.token_ends = datetime.now(UTC), admin
        # At half of a token's life, but not all the time where tokens are very short.
        self.renew_at = now + max((min(member, admin) - now) / 2, timedelta(seconds=30))

    def _write_env(self, name: str, *paths: Path) -> datetime:
        account = self._account(name)
        token = sign_in(self.cloud.auth_url, account)
        for path in paths:
            write_env(
                path,
                lines.comment(token.expires_at),
                {
                    "OPENCBR_ENDPOINT": self.endpoint,
                    "OPENCBR_PROJECT_ID": account.project_id,
                    "OPENCBR_AK": account.access,
                    "OPENCBR_SK": account.secret,
                    "OPENCBR_TOKEN": token.value,
                    "OPENCBR_BACKUP_ID": self.backup_id,
                    "OS_AUTH_URL": self.cloud.auth_url,
                    "OS_USERNAME": account.user,
                    "OS_PASSWORD": account.password,
                    "OS_PROJECT_NAME": account.project,
                    "OS_USER_DOMAIN_NAME": "Default",
                    "OS_PROJECT_DOMAIN_NAME": "Default",
                    # What the samples beside each request read.
                    "OS_IDENTITY_API_VERSION": "3",
                    "OS_PROJECT_ID": account.project_id,
                    "OS_USER_DOMAIN_ID": "default",
                    "HUAWEICLOUD_SDK_AK": account.access,
                    "HUAWEICLOUD_SDK_SK": account.secret,
                },
            )
        return token.expires_at

    def _tell(self, text: str) -> None:
        self.console.print(f"[green]*[/] {text}", soft_wrap=True)


def _newest_usable(found: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Give the newest backup that can be shown, or that a worker is still making since the last start."""
    return next((row for row in found if row["status"] == statuses.AVAILABLE or story.is_running(row)), None)


def _port(host: str, port: int, console: Console, *, may_give_way: bool) -> socket.socket:
    """Claim where to listen: an address that was asked for must be free, the default one may give way."""
    try:
        return claim_port(host, port)
    except PortTaken:
        if not may_give_way:
            raise
    held = claim_port(host, 0)
    console.print(f"{DEFAULT_LISTEN} is taken: using port {held.getsockname()[1]}")
    return held
