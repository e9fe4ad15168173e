"""Database files are for their owner alone, whatever the umask says."""

import contextlib
import os

from sqlalchemy import make_url


def make_private(url: str) -> None:
    """Make the file of an SQLite URL with mode 0600 when there is none; SQLite takes an empty file as a new one.

    Its -wal and -shm get the mode of the file. One that is there is left as it is: closing it here would drop
    the locks that SQLite has on it in this process.
    """
    parsed = make_url(url)
    path = parsed.database if parsed.get_backend_name() == "sqlite" else None
    if path:
        # A link that leads nowhere yet: SQLite would make the file at its end, as the umask says.
        target = os.path.realpath(path)
        with contextlib.suppress(FileExistsError):
            os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
