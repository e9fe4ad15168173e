"""The lines that fetch the same as the demo has just shown, to be copied into a shell."""

import shlex
import sys
from datetime import datetime
from pathlib import Path

CURL = (
    'curl -sH "X-Auth-Token: $OPENCBR_TOKEN" '
    '"$OPENCBR_ENDPOINT/v3/$OPENCBR_PROJECT_ID/backups/$OPENCBR_BACKUP_ID/metadata"'
)

DECODE = """\
import json, sys
document = json.loads(json.load(sys.stdin)["server"])
print(json.dumps(document, indent=2, ensure_ascii=False))
"""
"""Shows one member of the answer: each is the text of a JSON document, as the cloud sent it."""

SDK = """\
import os
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcbr.v1 import CbrClient, ShowMetadataRequest

env = os.environ
key = BasicCredentials(env["OPENCBR_AK"], env["OPENCBR_SK"], env["OPENCBR_PROJECT_ID"])
client = CbrClient.new_builder().with_credentials(key).with_endpoints([env["OPENCBR_ENDPOINT"]]).build()
print(client.show_metadata(ShowMetadataRequest(backup_id=env["OPENCBR_BACKUP_ID"])))
"""


def comment(ends: datetime) -> str:
    """Say, in the file of variables, how long its token lasts and how to have another one."""
    return (
        f"# OPENCBR_TOKEN ends {ends:%Y-%m-%d %H:%M} UTC. While the demo runs, this file is written anew before that: "
        "source it again."
    )


def source(path: Path) -> str:
    """Give the line that sets the variables the other lines use."""
    return f". {shlex.quote(str(path))}"


def decoded() -> str:
    """Give the lines that show one document of the answer; they need nothing but the Python that runs here."""
    return f"{CURL} |\n  {shlex.quote(sys.executable)} -c '{DECODE}'"


def python() -> str:
    """Give the SDK's lines as a shell takes them."""
    return f"python3 - <<'END'\n{SDK}END"
