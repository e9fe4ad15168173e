"""A server with three disks full of random bytes on a real OpenStack, for what is measured beside calls made by hand.

Needs the clouds that `tests/openstack/prepare.py` writes, in OS_CLIENT_CONFIG_FILE or OPENCBR_TEST_CLOUDS.
"""

import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.api_server import ApiServer, running
from bench.load import Missing

DISKS = 3
MEBIBYTES = int(os.environ.get("OPENCBR_BENCH_MEBIBYTES", "300"))  # of random bytes on each disk
POLL = 2.0
NAME = "opencbr-bench"


def signed_in() -> tuple[Any, str]:
    """Return a connection as an admin of the test project, and the file that names the clouds."""
    import openstack

    clouds_file = os.environ.get("OPENCBR_TEST_CLOUDS") or os.environ.get("OS_CLIENT_CONFIG_FILE")
    if not clouds_file:
        raise Missing(
            "no OpenStack: set OS_CLIENT_CONFIG_FILE to the file that tests/openstack/prepare.py prints"
        )
    config = openstack.config.OpenStackConfig(config_files=[clouds_file], load_envvars=False)
    if not {"opencbr", "opencbr-test-admin"} <= set(config.cloud_config.get("clouds", {})):
        raise Missing(
            "the clouds opencbr and opencbr-test-admin are not in the file: run tests/openstack/prepare.py first"
        )
    return openstack.connection.Connection(config=config.get_one("opencbr-test-admin")), clouds_file


@contextmanager
def protected(tenant: Any, clouds_file: str, server: str) -> Iterator[tuple[ApiServer, str]]:
    """Serve opencbr on the cloud, polling as the calls by hand do, with a vault that the server is bound to."""
    with tempfile.TemporaryDirectory() as folder, running(
        Path(folder), cloud="opencbr", clouds_file=clouds_file, project_id=tenant.current_project_id,
        token=str(tenant.auth_token), more=f"[worker]\npoll_seconds = {POLL}\n",
    ) as served:  # fmt: skip
        vault = served.call("POST", "vaults", {"vault": {
            "name": "bench", "resources": [{"id": server, "type": "OS::Nova::Server"}],
            "billing": {"object_type": "server", "protect_type": "backup", "consistent_level": "crash_consistent", "size": 10000},
        }})["vault"]["id"]  # fmt: skip
        try:
            yield served, vault
        finally:
            served.call("DELETE", f"vaults/{vault}")
            gone(lambda: served.call("GET", f"vaults/{vault}"))


class Scene:
    """A server with three disks full of random bytes, brought there through Glance, since no guest writes."""

    def __init__(self, tenant: Any) -> None:
        self.c = tenant
        self.server = ""
        self.flavor = ""  # its id: of a server Nova tells the flavor's name
        self.volumes: list[str] = []
        self._image: Any = None

    def make(self) -> None:
        with tempfile.NamedTemporaryFile() as raw:
            noise = random.Random(5)
            for _ in range(MEBIBYTES):
                raw.write(noise.randbytes(1 << 20))
            raw.flush()
            self._image = self.c.create_image(
                NAME, filename=raw.name, disk_format="raw", container_format="bare", wait=True, timeout=300
            )
        volumes = [
            self.c.block_storage.create_volume(name=f"{NAME}-{n}", size=1, image_id=self._image.id)
            for n in range(DISKS)
        ]
        self.volumes = [v.id for v in volumes]
        wait(lambda: {self.c.block_storage.get_volume(v).status for v in self.volumes} == {"available"})
        self.flavor = min(self.c.compute.flavors(), key=lambda f: f.ram).id
        self.server = self.c.compute.create_server(
            name=NAME, flavor_id=self.flavor, networks="none",
            block_device_mapping=[
                {"uuid": v, "source_type": "volume", "destination_type": "volume", "boot_index": 0 if n == 0 else -1, "delete_on_termination": False}
                for n, v in enumerate(self.volumes)
            ],
        ).id  # fmt: skip
        wait(lambda: self.c.compute.get_server(self.server).status == "ACTIVE")

    def clear(self) -> None:
        if self.server:
            self.c.compute.delete_server(self.server)
            gone(lambda: self.c.compute.get_server(self.server))
        for volume in self.volumes:
            wait(lambda v=volume: self.c.block_storage.get_volume(v).status == "available")
            self.c.block_storage.delete_volume(volume)
        if self._image:
            self.c.image.delete_image(self._image)


def wait(done: Callable[[], bool], pause: float = 0.5, seconds: float = 900) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise RuntimeError("the cloud took too long")
        time.sleep(pause)


def gone(get: Callable[[], Any], pause: float = 0.5) -> None:
    """Wait until `get` says 404, as an SDK exception or as an HTTP error."""
    while True:
        try:
            get()
        except Exception as error:
            if "404" in str(error) or "NotFound" in type(error).__name__:
                return
            raise
        time.sleep(pause)
