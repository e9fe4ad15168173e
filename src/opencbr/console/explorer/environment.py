"""In the demo: the shell's line that sets what a sample reads, for the user who is signed in."""

import shlex
from collections.abc import Iterable

from opencbr.console.browser_session import SignedIn
from opencbr.console.sign_in.keystone import Accounts


def environment_file(accounts: Accounts, who: SignedIn) -> str:
    """Return the file of variables of a user of the demo, "" for anybody else."""
    for one in accounts:
        if (one.user, one.project_id) == (who.user_name, who.project_id):
            return one.environment
    return ""


def environment_line(file: str, variables: Iterable[str]) -> str:
    """Return the line that sets `variables`; the OpenStack client refuses a token beside a password."""
    if not file:
        return ""
    more = {"OS_TOKEN": 'export OS_TOKEN="$OPENCBR_TOKEN"', "OS_PASSWORD": "unset OS_TOKEN"}
    return "; ".join([f". {shlex.quote(file)}", *(more[name] for name in variables if name in more)]) + "\n"
