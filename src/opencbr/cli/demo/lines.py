"""The lines that fetch the same as the demo has just shown, to be copied into a shell."""

import shlex
from pathlib import Path

CURL = (
    'curl -sH "X-Auth-Token: $OPENCBR_TOKEN" '
    '"$OPENCBR_ENDPOINT/v3/$OPENCBR_PROJECT_ID/backups/$OPENCBR_BACKUP_ID/metadata"'
)

SDK = """\
import os
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcbr.v1 import CbrClient, ShowMetadataRequest

env = os.environ
key = BasicCredentials(env["OPENCBR_AK"], env["OPENCBR_SK"], env["OPENCBR_PROJECT_ID"])
client = CbrClient.new_builder().with_credentials(key).with_endpoints([env["OPENCBR_ENDPOINT"]]).build()
print(client.show_metadata(ShowMetadataRequest(backup_id=env["OPENCBR_BACKUP_ID"])))
"""


def source(path: Path) -> str:
    """Give the line that sets the variables the other lines use."""
    return f". {shlex.quote(str(path))}"


def python() -> str:
    """Give the SDK's lines as a shell takes them."""
    return f"python3 - <<'END'\n{SDK}END"
