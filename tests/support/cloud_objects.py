"""Servers of a test's own in any cloud, by the tenant's own calls, and their removal."""

import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from democloud.client import Client

_MICROVERSION = "2.79"
_SECONDS = 240
_FAILED = frozenset({"error", "error_deleting"})
_ASK_AGAIN_SECONDS = 10
_VOLUMES_ASKED_FOR = 3


class CloudObjects:
    """Makes things in the tenant's project; `clear` takes them all away, the newest first."""

    def __init__(self, tenant: Client) -> None:
        self.tenant = tenant
        self.prefix = f"opencbr-test-{uuid.uuid4().hex[:8]}"
        self._made: list[tuple[Client, str, str, str]] = []
        self._networks: list[str] = []
        self._before: dict[str, Callable[[], None]] = {}
        self.image: dict[str, Any] = min(
            (i for i in tenant.get("image", "/v2/images?status=active")["images"] if i["size"]),
            key=lambda image: image["size"],
        )

    def volume(self, name: str, *, bootable: bool = False, **fields: Any) -> str:
        """Make a volume, another one where a busy Cinder has given it up; a bootable one from the smallest image."""
        size = max(1, self.image["min_disk"] if bootable else 1)
        body = {"name": f"{self.prefix}-{name}", "size": size, **fields}
        body |= {"imageRef": self.image["id"]} if bootable else {}
        for _ in range(_VOLUMES_ASKED_FOR):
            id_ = self._make("volumev3", "/volumes", {"volume": body}, "volume")
            shown = self.tenant.states(f"/volumes/{id_}", "volume", {"available", "error"})
            if shown[-1] == "available":
                return id_
            self._delete(*self._made.pop())
        raise AssertionError(f"Cinder has given up {_VOLUMES_ASKED_FOR} volumes like {body}")

    def port(self, name: str, **fields: Any) -> str:
        """Make a port, on the tenant's network unless `network_id` says another one."""
        body = {"name": f"{self.prefix}-{name}", "network_id": fields.get("network_id") or self.network()}
        return self._make("network", "/v2.0/ports", {"port": {**body, **fields}}, "port")

    def of_neutron(self, key: str, path: str, *, by: Client | None = None, **fields: Any) -> str:
        """Make another thing of Neutron's, as the tenant or `by` somebody else, who removes it too."""
        return self._make("network", f"/v2.0/{path}", {key: fields}, key, by=by)

    def of_nova(
        self, key: str, path: str, *, id_: str = "id", by: Client | None = None, **fields: Any
    ) -> str:
        """Make another thing of Nova's, which is known by the member `id_` of the answer."""
        return self._make(
            "compute", f"/{path}", {key: fields}, key, microversion=_MICROVERSION, id_=id_, by=by
        )

    def private_flavor(self, by: Client, **fields: Any) -> str:
        """Make a flavor that only the tenant may use, as an administrator: other tests shall not choose it."""
        body = {"name": f"{self.prefix}-flavor", "os-flavor-access:is_public": False, **fields}
        made = self.of_nova("flavor", "flavors", by=by, **body)
        self._give(by, "compute", f"/flavors/{made}", "addTenantAccess", "tenant")
        return made

    def private_volume_type(self, by: Client, name: str, **extra_specs: str) -> str:
        """Make a volume type that only the tenant may use, as an administrator."""
        body = {
            "name": f"{self.prefix}-{name}",
            "os-volume-type-access:is_public": False,
            "extra_specs": extra_specs,
        }
        made = self._make("volumev3", "/types", {"volume_type": body}, "volume_type", by=by)
        self._give(by, "volumev3", f"/types/{made}", "addProjectAccess", "project")
        return made

    def _give(self, by: Client, service: str, path: str, action: str, member: str) -> None:
        answer = by.call("POST", service, f"{path}/action", {action: {member: self.tenant.project_id}})
        assert answer.status_code in {200, 202}, answer.text

    def before_removal(self, path: str, act: Callable[[], None]) -> None:
        """Say what is to be done before the thing at a path can be taken away."""
        self._before[path] = act

    def network(self) -> str:
        """Return a network of the tenant's that has a subnet, and that no test has made."""
        if not self._networks:
            query = f"project_id={self.tenant.project_id}&router:external=false"
            found = self.tenant.get("network", f"/v2.0/networks?{query}")["networks"]
            standing = [n for n in found if not n["name"].startswith("opencbr-test-")]
            self._networks = [n["id"] for n in standing if n["subnets"]]
            assert self._networks, "the test project has no network with a subnet: make one"
        return self._networks[0]

    def server(
        self,
        name: str,
        *,
        volumes: Sequence[str],
        image: bool = False,
        ports: Sequence[str] = (),
        devices: Sequence[str] = (),
        group: str | None = None,
        **more: Any,
    ) -> str:
        """Make a server: from its first volume, or from the image with the volumes attached to it.

        `devices` are those of the volumes; the last of them goes with the server then.
        """
        body: dict[str, Any] = {"name": f"{self.prefix}-{name}", "flavorRef": self._flavor(), **more}
        body["networks"] = [{"port": port} for port in ports] or "none"
        if image:
            body["imageRef"] = self.image["id"]
        else:
            body["block_device_mapping_v2"] = [
                {
                    "uuid": volume,
                    "source_type": "volume",
                    "destination_type": "volume",
                    "boot_index": 0 if number == 0 else -1,
                }
                for number, volume in enumerate(volumes)
            ]
            for row, device in zip(body["block_device_mapping_v2"], devices, strict=False):
                row |= {"device_name": device, "delete_on_termination": device == devices[-1]}
        whole = {"server": body} | ({"os:scheduler_hints": {"group": group}} if group else {})
        id_ = self._make("compute", "/servers", whole, "server", microversion=_MICROVERSION)
        self._until("compute", f"/servers/{id_}", "server", "ACTIVE")
        for volume in volumes if image else ():
            path = f"/servers/{id_}/os-volume_attachments"
            answer = self.tenant.call("POST", "compute", path, {"volumeAttachment": {"volumeId": volume}})
            assert answer.status_code == 200, answer.text
        for volume in volumes:
            self._until("volumev3", f"/volumes/{volume}", "volume", "in-use")
        return id_

    def adopt(self, service: str, path: str, key: str) -> None:
        """Remove what somebody else made for the tenant, too."""
        self._made.append((self.tenant, service, path, key))

    def clear(self) -> None:
        """Delete everything that was made, and wait until it is gone."""
        while self._made:
            client, service, path, key = self._made.pop()
            self._before.pop(path, lambda: None)()
            if key == "volume":
                self._release(client, service, path)
            self._delete(client, service, path, key)

    def _delete(self, client: Client, service: str, path: str, key: str) -> None:
        """Ask for a removal, again while what a busy cloud gave up stands in an error, and wait until the thing is gone."""
        deadline, ask_at = time.monotonic() + _SECONDS, 0.0
        status = "error"
        while True:
            if status in _FAILED and time.monotonic() >= ask_at:
                answer = client.call("DELETE", service, path)
                assert answer.status_code in {202, 204, 404}, answer.text
                ask_at = time.monotonic() + _ASK_AGAIN_SECONDS
            answer = self.tenant.call("GET", service, path)
            status = str(answer.json()[key].get("status")).lower() if answer.status_code == 200 else "none"
            if status == "none" and answer.status_code in {200, 404}:
                return
            assert time.monotonic() < deadline, answer.text
            time.sleep(0.1)

    def _release(self, client: Client, service: str, path: str) -> None:
        """Wait until a volume can be deleted; a rebuild that Nova gave up leaves it reserved for good, or in an error."""
        if client.call("GET", service, path).json().get("volume", {}).get("status") == "reserved":
            client.call("POST", service, f"{path}/action", {"os-unreserve": None})
        client.states(path, "volume", {"available", "error", 404})

    def forget(self, *ids: str) -> None:
        """Say that these are gone, or somebody else's to remove."""
        self._made = [one for one in self._made if not one[2].endswith(ids)]

    def _flavor(self) -> str:
        rows = self.tenant.get("compute", "/flavors/detail")["flavors"]
        standing = [f for f in rows if not f["name"].startswith("opencbr-test")]  # not another run's
        fitting = [
            f for f in standing if f["disk"] >= self.image["min_disk"] and f["ram"] >= self.image["min_ram"]
        ]
        return str(min(fitting, key=lambda f: (f["ram"], f["disk"]))["id"])

    def _make(
        self,
        service: str,
        path: str,
        body: Any,
        key: str,
        *,
        microversion: str | None = None,
        by: Client | None = None,
        id_: str = "id",
    ) -> str:
        client = by or self.tenant
        answer = client.call("POST", service, path, body, mv=microversion)
        assert answer.status_code in {200, 201, 202}, answer.text
        made = str(answer.json()[key][id_])
        self._made.append((client, service, f"{path}/{made}", key))
        return made

    def _until(self, service: str, path: str, key: str, status: str) -> None:
        """Wait for a status."""
        deadline = time.monotonic() + _SECONDS
        while True:
            answer = self.tenant.call("GET", service, path)
            seen = answer.json()[key].get("status") if answer.status_code == 200 else None
            if seen == status:
                return
            assert str(seen).lower() not in _FAILED, answer.text
            assert time.monotonic() < deadline, f"{path} is {seen}, not {status}"
            time.sleep(0.1)
