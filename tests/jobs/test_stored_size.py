"""What a disk backup counts for in the vault."""

from hypothesis import given
from hypothesis import strategies as st

from opencbr.model.stored_size import stored_mb

COUNTS = st.integers(0, 10**6)


@given(st.integers(1, 10**5), COUNTS, st.none() | COUNTS)
def test_a_full_backup_counts_as_the_whole_disk(size: int, count: int, full: int | None) -> None:
    assert (
        stored_mb(size_gb=size, is_incremental=False, object_count=count, full_object_count=full)
        == size * 1024
    )


@given(st.integers(1, 10**5), COUNTS, st.integers(1, 10**6))
def test_an_incremental_counts_as_its_share_and_never_more_than_the_disk(
    size: int, count: int, full: int
) -> None:
    got = stored_mb(size_gb=size, is_incremental=True, object_count=count, full_object_count=full)
    assert 1 <= got <= size * 1024
    assert got >= min(size * 1024, size * 1024 * count / full)


def test_a_driver_that_does_not_count_makes_it_the_whole_disk() -> None:
    for unknown in (0, None):
        assert stored_mb(size_gb=3, is_incremental=True, object_count=0, full_object_count=unknown) == 3072
