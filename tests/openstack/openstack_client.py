"""`openstack cbr …` as a member of the project runs it, unmodified."""

import os
import subprocess
import sys
from collections.abc import Callable

import yaml

from support.full_stack import FullStack

_PROGRAM = "import sys; from openstackclient.shell import main; sys.exit(main(sys.argv[1:]))"


def openstack_client(stack: FullStack) -> Callable[..., str]:
    """Return what runs a command, which must go well, and gives its output."""
    file = stack.folder / "client.yaml"
    file.touch(mode=0o600)
    file.write_text(yaml.safe_dump({"clouds": {"client": stack.member_entry()}}))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
    environment["OS_CLIENT_CONFIG_FILE"] = str(file)

    def cbr(*words: str) -> str:
        command = [sys.executable, "-W", "ignore", "-c", _PROGRAM, "--os-cloud", "client", "cbr", *words]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return cbr
