"""One disk of a server's backup as a new volume: the same bytes, on the server that was named."""

import secrets

from disk_bytes import bytes_of, disk_of, expected, remove
from restoring import carried_out, planned

from sdk.installation import eventually
from support.full_stack import FullStack


def test_one_disk_comes_onto_a_server_that_is_named(stack: FullStack):
    objects, tenant, content = stack.cloud_objects, stack.tenant, secrets.token_bytes(1 << 20)
    root = objects.volume("root", bootable=True)
    data = disk_of(stack, "data", content)
    server = objects.server("one-file", volumes=[root, data])
    with stack.protected(server) as vault:
        backup = stack.back_up(vault, "before")
        mapping = {"volume_id": data, "server_id": server, "name": f"{objects.prefix}-rescued"}
        log = carried_out(stack, planned(stack, backup["id"], mapping, "new_volume"))
        made = str(log["extra_info"]["restore"]["target_resource_id"])
        try:
            shown = tenant.get("volumev3", f"/volumes/{made}")["volume"]
            was = tenant.get("volumev3", f"/volumes/{data}")["volume"]
            assert [one["server_id"] for one in shown["attachments"]] == [server]
            assert (shown["name"], shown["status"]) == (mapping["name"], "in-use")
            same = ("size", "volume_type", "availability_zone", "metadata", "bootable", "description")
            assert {name: shown[name] for name in same} == {name: was[name] for name in same}
            assert bytes_of(stack, source_volid=made) == expected(content, 1)
        finally:
            tenant.call("DELETE", "compute", f"/servers/{server}/os-volume_attachments/{made}")
            eventually(
                lambda: tenant.get("volumev3", f"/volumes/{made}")["volume"]["status"] == "available",
                "it is off the server",
                120,
            )
            remove(stack, f"/volumes/{made}", "volume")
    orphans = stack.opencbr("orphans", "list")
    assert "no orphans" in orphans.stdout, orphans.stdout + orphans.stderr
