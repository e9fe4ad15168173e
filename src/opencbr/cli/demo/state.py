"""The demo's folder: one demo at a time, the files its parts read, and the lines a shell can source."""

import fcntl
import json
import os
import shlex
from pathlib import Path
from typing import IO, Any

from opencbr.cli.app import Failure
from opencbr.cloud.config import CloudSettings
from opencbr.config import Api, Config, Database, Keys, dumps
from opencbr.jobs.settings import ScheduleSettings, WorkerSettings


def default_folder(environ: dict[str, str]) -> Path:
    """Name the folder below the user's data folder (XDG_DATA_HOME, else ~/.local/share)."""
    data = environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data).expanduser() / "opencbr" / "demo"


def claim(folder: Path) -> IO[str]:
    """Make the folder, for this user alone, and lock it; keep what is returned. Raises Failure."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        lock = (folder / "lock").open("w")
    except OSError as error:
        raise Failure(
            f"the state folder {folder} cannot be used: {error.strerror}; choose one with --state"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise Failure(
            f"another demo runs in {folder}: stop it, or choose another folder with --state"
        ) from error
    return lock


def write_files(folder: Path, clouds: dict[str, Any], listen: str, endpoint: str) -> Config:
    """Write clouds.yaml and opencbr.toml as an operator would, and return the configuration."""
    # JSON is YAML, and needs no YAML library.
    write_private(folder / "clouds.yaml", json.dumps(clouds, indent=2, ensure_ascii=False) + "\n")
    config = Config(
        api=Api(listen=listen, endpoint=endpoint),
        cloud=CloudSettings(cloud="opencbr", config_files=(str(folder / "clouds.yaml"),)),
        database=Database(url=f"sqlite:///{folder / 'opencbr.db'}"),
        keys=Keys(folder=str(folder / "keys")),
        # The embedded cloud is quick and near, and a demo that was killed should go on soon.
        worker=WorkerSettings(poll_seconds=0.2, outbox_seconds=0.1, lease_seconds=5.0, bind_seconds=5.0),
        schedule=ScheduleSettings(look_seconds=0.2),
    )
    write_private(folder / "opencbr.toml", dumps(config))
    return config


def write_env(path: Path, comment: str, values: dict[str, str]) -> None:
    """Write a comment and `export NAME='value'` lines, all at once: who sees the file sees all of it."""
    write_private(
        path, comment + "\n" + "".join(f"export {name}={_quoted(value)}\n" for name, value in values.items())
    )


def write_private(path: Path, text: str) -> None:
    """Replace a file in one move; only this user can read it. Raises Failure."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        fresh.unlink(missing_ok=True)
        with os.fdopen(
            os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
        ) as file:
            file.write(text)
        fresh.replace(path)
    except OSError as error:
        raise Failure(f"{path} cannot be written: {error.strerror}") from error


def _quoted(value: str) -> str:
    quoted = shlex.quote(value)
    return quoted if quoted.startswith("'") else f"'{quoted}'"
