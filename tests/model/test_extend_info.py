"""Which disk a server boots from."""

import pytest

from opencbr.model.document import Disk
from opencbr.model.extend_info import is_system


def disk(position: int, *, bootable: bool) -> Disk:
    return Disk(
        volume_id="v",
        position=position,
        size_gb=1,
        name="",
        device=None,
        bootable=bootable,
        encrypted=False,
        availability_zone=None,
    )


@pytest.mark.parametrize(
    ("position", "bootable", "system"),
    [(0, True, True), (0, False, False), (1, True, False), (1, False, False)],
)
def test_the_system_disk_is_the_first_and_bootable(position, bootable, system):
    assert is_system(disk(position, bootable=bootable)) is system
