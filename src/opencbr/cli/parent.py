"""Children that do not outlive who started them, however that one ended."""

import os
import signal
import threading
import time

_LOOK_SECONDS = 0.5


def end_with_parent() -> None:
    """Send this process SIGTERM as soon as its parent is gone."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
