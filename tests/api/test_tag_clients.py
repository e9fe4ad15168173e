"""Tags as real clients send them: the vendor's SDK with all six operations, and Terraform's calls in their order."""

import pytest
from huaweicloudsdkcbr import v1
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException

from .api_server import ApiServer
from .protected_cloud import new_vault
from .test_sdk import client


def test_all_six_operations_by_the_sdk(cbr: ApiServer):
    sdk, vault = client(cbr), cbr.vault(name="sdk-tags", tags=(("sdk_a", "1"),))
    tag = v1.TagCreate(key="sdk_b", value="2")
    made = sdk.create_vault_tags(
        v1.CreateVaultTagsRequest(vault_id=vault.id, body=v1.VaultTagsCreateReq(tag=tag))
    )
    assert made.status_code == 204
    several = [v1.BulkCreateAndDeleteTags(key="sdk_c"), v1.BulkCreateAndDeleteTags(key="sdk_a", value="9")]
    body = v1.BulkCreateAndDeleteVaultTagsReq(tags=several, action="create")
    sdk.batch_create_and_delete_vault_tags(
        v1.BatchCreateAndDeleteVaultTagsRequest(vault_id=vault.id, body=body)
    )
    shown = sdk.show_vault_tag(v1.ShowVaultTagRequest(vault_id=vault.id))
    assert [(one.key, one.value) for one in shown.tags] == [("sdk_a", "9"), ("sdk_b", "2"), ("sdk_c", "")]
    assert shown.sys_tags == []
    every = sdk.show_vault_project_tag(v1.ShowVaultProjectTagRequest()).tags
    # The values are a list, whatever the OpenAPI says (contract D5).
    assert [one.values for one in every if one.key == "sdk_a"] == [["9"]]

    def asked(action: str, **paging: str) -> v1.ShowVaultResourceInstancesResponse:
        wanted = v1.VaultResourceInstancesReq(
            action=action,
            tags=[v1.TagsReq(key="sdk_b", values=["2", "3"])],
            matches=[v1.Match(key="resource_name", value="sdk-")],
            **paging,
        )
        return sdk.show_vault_resource_instances(v1.ShowVaultResourceInstancesRequest(body=wanted))

    (row,) = asked("filter", limit="1000", offset="0").resources
    assert (row.resource_id, row.resource_name, row.sys_tags) == (vault.id, "sdk-tags", [])
    assert (row.resource_detail.vault.billing.object_type, len(row.tags)) == ("server", 3)
    assert asked("count").total_count == 1
    gone = v1.DeleteVaultTagRequest(vault_id=vault.id, key="sdk_b")
    assert sdk.delete_vault_tag(gone).status_code == 204
    with pytest.raises(ClientRequestException) as caught:
        sdk.delete_vault_tag(gone)
    assert (caught.value.status_code, caught.value.error_code) == (404, "BackupService.6601")


def test_terraforms_order_for_changed_tags_leaves_no_drift(cbr: ApiServer):
    """It takes all old tags off, then gives all new ones, and reads the vault (contract 10.1)."""

    def wire(tags: dict[str, str]) -> list[dict[str, str]]:
        return [{"key": key, "value": value} for key, value in tags.items()]

    old = {"foo": "bar", "key": "value", "empty": ""}
    vault = new_vault(cbr, tags=wire(old))
    for new in ({"foo": "changed", "workload": "test.1"}, {}, old):
        for action, tags in (("delete", old), ("create", new)):
            if tags:
                body = {"action": action, "tags": wire(tags)}
                assert cbr.call("POST", f"vault/{vault['id']}/tags/action", body).status_code == 204
        read = cbr.call("GET", f"vaults/{vault['id']}").json()["vault"]
        assert {tag["key"]: tag["value"] for tag in read["tags"]} == new
        assert read == vault | {"tags": wire(new), "updated_at": read["updated_at"]}
        old = new
