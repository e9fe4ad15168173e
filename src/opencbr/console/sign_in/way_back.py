"""Where somebody goes after signing in: the page of the console that was asked for, and never anywhere else."""

import re

from flask import request

HOME = "/console"
_PAGE = re.compile(r"/(?:console|explorer)(?:[/?][!-\[\]-~]{0,4000})?\Z")
"""A path of this server: printable ASCII without the backslash, which browsers read as a slash."""


def way_back() -> str:
    """Return the page that `next` names, the first one where it names none of the console's."""
    wanted = request.values.get("next", "")
    return wanted if _PAGE.match(wanted) else HOME
