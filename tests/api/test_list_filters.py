"""Filters for what does not exist here match nothing, rather than everything."""

import pytest

from .api_server import ApiServer


@pytest.mark.parametrize("status", ["pending", "accepted", "rejected"])
@pytest.mark.parametrize("own", ["", "&own_type=all_granted", "&own_type=private", "&own_type=shared"])
def test_nobody_shares_so_no_member_has_a_status(cbr: ApiServer, status, own):
    cbr.backup(cbr.vault())
    answer = cbr.call("GET", f"backups?member_status={status}{own}&limit=7")
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"backups": [], "count": 0, "limit": 7, "offset": 0}


def test_a_wrong_member_status_is_refused_all_the_same(cbr: ApiServer):
    assert cbr.call("GET", "backups?member_status=maybe").status_code == 400
    # Other filters are checked before it is known that nothing matches.
    assert cbr.call("GET", "backups?member_status=pending&start_time=yesterday").status_code == 400


@pytest.mark.parametrize("status", ["accept", "reject"])
def test_the_command_line_clients_words_for_a_member_status(cbr: ApiServer, status):
    assert cbr.call("GET", f"backups?member_status={status}").json()["backups"] == []


EMPTY = {
    "vaults": "id=&name=&status=&object_type=&resource_ids=&policy_id=&limit=&offset=&marker=&sort=",
    "backups": "name=&status=&member_status=&own_type=&start_time=&incremental=&used_percent=&marker=",
    "policies": "operation_type=&vault_id=&limit=&offset=&marker=&sort=",
    "operation-logs": "status=&operation_type=&resource_id=&start_time=&end_time=&limit=",
    "restore-plans": "backup_id=&limit=&offset=&marker=&sort=",
    "drills": "backup_id=&resource_id=&policy_id=&verdict=&limit=&offset=&marker=&sort=",
    "protectables/server/instances": "name=&status=&id=&server_id=&marker=&limit=",
}


@pytest.mark.parametrize("path", EMPTY)
def test_an_empty_value_is_no_filter(cbr: ApiServer, path):
    cbr.backup(cbr.vault())
    answer, plain = cbr.call("GET", f"{path}?{EMPTY[path]}"), cbr.call("GET", path)
    assert answer.status_code == 200, answer.text
    assert answer.json() == plain.json()
