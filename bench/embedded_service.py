"""opencbr on the embedded cloud with a user signed in, for what is counted there."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from bench.api_server import ApiServer, running
from bench.metadata import sign_in
from opencbr.democloud.cloud import DemoCloud


@contextmanager
def embedded_service() -> Iterator[tuple[DemoCloud, ApiServer, str]]:
    """Serve and work; yields the cloud, the API and the id of the server db1 (three disks, two ports, a floating IP)."""
    import openstack

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with DemoCloud(folder / "cloud") as cloud:
            clouds_file = folder / "clouds.yaml"
            clouds_file.write_text(yaml.safe_dump(cloud.clouds_yaml()))
            token, project_id = sign_in(cloud)
            tenant = openstack.connect(**cloud.clouds_yaml()["clouds"]["demo-admin"])
            server = tenant.compute.find_server("db1", ignore_missing=False).id
            with running(
                folder, cloud="opencbr", clouds_file=str(clouds_file), project_id=project_id, token=token
            ) as served:
                yield cloud, served, server


def bind(served: ApiServer, server: str) -> str:
    """Bind a server to a new vault; return the vault's id."""
    billing = {"object_type": "server", "protect_type": "backup", "consistent_level": "crash_consistent"}
    resources = [{"id": server, "type": "OS::Nova::Server"}]
    body = {"vault": {"name": "bench", "resources": resources, "billing": billing | {"size": 1000}}}
    return str(served.call("POST", "vaults", body)["vault"]["id"])


def back_up(served: ApiServer, vault: str) -> None:
    """Back up all that a vault has, to the end."""
    made = served.call("POST", "checkpoints", {"checkpoint": {"vault_id": vault}})["checkpoint"]["id"]
    served.poll(f"checkpoints/{made}", lambda c: c["checkpoint"]["status"] in {"available", "error"})
