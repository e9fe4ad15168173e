"""The names of what we make upstream.

They are a function of our ids, so that a repeated step finds its earlier attempt, and no two objects of a kind have
the same.
"""


def prefix(installation: str) -> str:
    """Return what all names of this installation begin with; the janitor looks for it."""
    return f"opencbr-{installation}-"


def properties(own_prefix: str) -> dict[str, str]:
    """Return the properties of an image that we make: Glance finds these, and no beginnings of names."""
    return {"opencbr": own_prefix.removeprefix("opencbr-").removesuffix("-")}


def object_name(installation: str, entry_id: str) -> str:
    """Return the name of an object by its entry in the ledger, where its kind has no name of its own below."""
    return f"{prefix(installation)}{entry_id}"


def backup_name(installation: str, disk_backup_id: str) -> str:
    """Return the name of the Cinder backup of one disk backup: it tells an operator whose bytes these are."""
    return f"{prefix(installation)}{disk_backup_id}"


def snapshot_name(installation: str, disk_backup_id: str) -> str:
    """Return the name of the snapshot that a disk backup is made from."""
    return f"{prefix(installation)}{disk_backup_id}-snapshot"


def image_name(installation: str, backup_id: str) -> str:
    """Return the name of the image that a server's backup makes of its root disk."""
    return f"{prefix(installation)}{backup_id}-root"
