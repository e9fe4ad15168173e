"""What a restore must not forget is read back as it was written, through JSON."""

import json
from dataclasses import replace

from opencbr.model.restore import (
    ACCEPTED,
    BEGUN,
    RESTORED,
    DiskToRestore,
    FoundDisk,
    FoundServer,
    RestoreRequest,
    found_of,
    has_begun,
    is_written,
    rebuilt_root_of,
    request_of,
    stage_of,
    with_found,
    with_request,
    with_stage,
)

DISKS = tuple(DiskToRestore(backup_id=f"b{n}", volume_id=f"v{n}", size_gb=n) for n in (1, 2))
REQUEST = RestoreRequest(server_id="s", power_on=False, disks=DISKS)
FOUND = FoundServer(
    was_on=True,
    locked=True,
    locked_reason=None,
    disks=(FoundDisk(volume_id="v1", device="/dev/sda", tag=None, delete_on_termination=True, is_root=True),),
)


def through_json(parameters):
    return json.loads(json.dumps(parameters))


def test_a_request_names_all_that_it_writes_over():
    assert request_of(through_json(with_request(REQUEST))) == REQUEST
    assert REQUEST.targets == {"s", "v1", "v2"}
    assert RestoreRequest(server_id=None, power_on=False, disks=DISKS[:1]).targets == {"v1"}


def test_a_root_volume_that_is_rebuilt_is_named_only_where_there_is_one():
    assert rebuilt_root_of(with_request(REQUEST)) is None
    assert "rebuilt_root_id" not in json.dumps(with_request(REQUEST)), "an older worker knows no such member"
    rebuilt = through_json(with_request(replace(REQUEST, rebuilt_root_id="v1")))
    assert (rebuilt_root_of(rebuilt), request_of(rebuilt).rebuilt_root_id) == ("v1", "v1")


def test_what_was_found_first_stays():
    empty = with_request(REQUEST)
    assert found_of(empty) is None
    once = through_json(with_found(empty, FOUND))
    assert found_of(once) == FOUND
    later = FoundServer(was_on=False, locked=False, locked_reason="ours", disks=())
    assert found_of(with_found(once, later)) == FOUND
    assert request_of(once) == REQUEST


def test_disks_have_stages_of_their_own():
    parameters = with_request(REQUEST)
    assert (has_begun(parameters), is_written(parameters), stage_of(parameters, "v1")) == (False, False, None)
    parameters = with_stage(parameters, "v1", BEGUN)
    assert (has_begun(parameters), is_written(parameters)) == (True, False)
    parameters = with_stage(with_stage(parameters, "v2", ACCEPTED), "v1", RESTORED)
    assert [stage_of(through_json(parameters), disk.volume_id) for disk in DISKS] == [RESTORED, ACCEPTED]
    assert not is_written(parameters)
    assert not has_begun(with_stage(with_stage(parameters, "v1", None), "v2", None))
    assert is_written(with_stage(parameters, "v2", RESTORED))
