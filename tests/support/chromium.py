"""The browser of the tests: the system's Chromium, never one that is downloaded."""

import os
import shutil

CHROMIUM = "OPENCBR_TEST_CHROMIUM"


def chromium() -> str | None:
    """Return the path of the program, None where there is none."""
    named = os.environ.get(CHROMIUM)
    if named:
        return named
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
