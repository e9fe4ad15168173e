"""OpenStack's recorded bodies as templates: what is to be masked in them is marked, and secrets are planted.

`«secrets:TOKEN»` and `«infrastructure:TOKEN»` mark tokens of the text, so that a test knows what every reader must see
without asking the code under test.
"""

import re
from pathlib import Path

from opencbr.model.secrets import View

_DATA = Path(__file__).parents[1] / "data/openstack"
_MARK = re.compile(r"«(\w+):(.*?)»")
_INFRASTRUCTURE = re.compile(
    r'("(?:OS-EXT-SRV-ATTR:host|OS-EXT-SRV-ATTR:instance_name|OS-EXT-SRV-ATTR:hypervisor_hostname|binding:host_id'
    r'|os-vol-host-attr:host|host_name|binding:vif_details|binding:vif_type|host_status|service_uuid)": ?)("[^"]+"|\{.*?\}\})'
)

SERVER = "d4bb5bd4-4af3-4a9c-a9d2-afb6682a0ac4"
ROOT, DATA = "e6261aa5-65fb-4ae2-b4e7-1affcd1dfc2b", "3f72724e-af8b-4344-87ca-251d37a2c3bb"
LOGS = DATA.replace("8", "a")
PORT = "6eac4dc0-28a1-483c-b1c2-ea49ff35daa8"
BARE_PORT = PORT.replace("b", "c")

USER_DATA = "I2Nsb3VkLWNvbmZpZwpjaHBhc3N3ZDogcm9vdDpjYW5hcnktaHVzaAo="
"""Base64 of a cloud-config with the password `canary-hush` in it."""
PASSWORD = 'canary-p\\u00e4ss\\"word'
"""A secret as it stands in a text, escapes and all."""

_SERVER = (
    ('"OS-EXT-SRV-ATTR:user_data": null', f'"OS-EXT-SRV-ATTR:user_data": «secrets:"{USER_DATA}"»'),
    (
        '"role": "database"',
        f'"role": "d\u00e9", "db_password" :\t«secrets:"{PASSWORD}"» , "doubled": 1, "doubled": "\\/"',
    ),
)
_IMAGE = ('"tags": []', '"tags": [], "agent_token": «secrets:"canary-image"»')
_LISTED = '], "first": "/v2/images?name=tiny", "schema": "/v2/schemas/images"}'


def recorded(name: str, *changes: tuple[str, str]) -> str:
    """The template of a recorded body, with texts replaced that must be there."""
    text = (_DATA / f"{name}.json").read_text()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return _INFRASTRUCTURE.sub(r"\1«infrastructure:\2»", text)


def server_templates() -> dict[str, str]:
    """Documents of a server with three disks and two ports, by name; the last ones are not part of ShowMetadata."""
    port = recorded(
        "ports-admin", ('{"ports":[', '{"port":'), ("]}", "}"), ('"fixed_ips":[', '"fixed_ips":[{}],"x":[')
    )
    return {
        "server": recorded("server-newest-admin", *_SERVER, ('"status": "ACTIVE"', '"status":\n"ACTIVE"')),
        "interface": recorded("os-interface-2.1"),
        "flavor": recorded("flavor-2.1"),
        f"port/{PORT}": port,
        f"port/{BARE_PORT}": port.replace(PORT, BARE_PORT),
        f"floatingips/{PORT}": recorded("floatingips"),
        f"floatingips/{BARE_PORT}": '{"floatingips": []}',
        **volume_templates(),
        f"volume/{LOGS}": recorded(
            "volume-data-newest-admin", (DATA, LOGS), ('"db-data"', '"l\u00f6gs \u2028"')
        ),
        "server@newest": recorded("server-newest-admin", *_SERVER),
        "keypair": recorded("keypair"),
        # Glance answers for one image without an envelope.
        "image/1": recorded("image", ('{"images": [', ""), (_LISTED, ""), _IMAGE),
    }


def volume_templates() -> dict[str, str]:
    """Documents of two disks."""
    return {
        f"volume/{ROOT}": recorded(
            "volume-root-3.0", ('"metadata": {}', '"metadata": {"secret": «secrets:["a", 1]»}')
        ),
        f"volume/{DATA}": " " + recorded("volume-data-newest-admin") + "\n",
        f"volume@newest/{DATA}": recorded("volume-data-newest-admin", ('"compute1"', '"compute2"')),
    }


EXPORT = '{"backup-record": {"backup_service": «infrastructure:"x"», "backup_url": «infrastructure:"ZWV5SmlZV05yZFhC"»}}'
"""What Cinder says of one finished backup when asked for its export."""


def body(template: str) -> bytes:
    """The body as the cloud sent it."""
    return _MARK.sub(r"\2", template).encode()


def seen(template: str, view: View) -> re.Pattern[str]:
    """What a reader with `view` sees; a pattern, because nobody knows the fingerprints beforehand."""
    pieces = []
    done = 0
    for found in _MARK.finditer(template):
        pieces.append(re.escape(template[done : found.start()]))
        pieces.append(re.escape(found[2]) if found[1] in view else _sealed(found[1], found[2][0]))
        done = found.end()
    return re.compile("".join([*pieces, re.escape(template[done:])]))


def _sealed(kind: str, first: str) -> str:
    mark = rf'"\(masked {kind.removesuffix("s")} [0-9a-f]{{16}}\)"'
    return rf'\{{"masked":{mark}\}}' if first == "{" else rf"\[{mark}\]" if first == "[" else mark
