"""What a backup of a disk occupies, as well as it can be known.

Cinder tells the size of the volume and, for chunked drivers, how many objects were written, but not the bytes
it stored. So this is an upper estimate: a quota that counts too much refuses a backup that would have fitted,
one that counts too little fills the store.
"""


def stored_mb(*, size_gb: int, is_incremental: bool, object_count: int, full_object_count: int | None) -> int:
    """Return the MiB (2**20 bytes) to count for one disk, at least 1.

    A full backup counts as the whole disk. An incremental counts as the share that its objects are of the
    full backup's (none when nothing has changed), provided that the driver counted any there; else as the
    whole disk too.
    """
    whole = size_gb * 1024
    if not is_incremental or not full_object_count:
        return whole
    return max(1, min(whole, -(-whole * object_count // full_object_count)))
