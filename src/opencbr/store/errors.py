"""What the store refuses, as types: the layers above give these refusals their codes."""


class StoreError(Exception):
    """Something the store will not or cannot do."""


class AlreadyBound(StoreError):
    """The resource is bound to a vault already; a resource belongs to at most one (contract 5.1)."""

    def __init__(self, resource_id: str, vault_id: str) -> None:
        super().__init__(f"resource {resource_id} is bound to vault {vault_id}; remove it there first")
        self.resource_id = resource_id
        self.vault_id = vault_id


class RecordDamaged(StoreError):
    """A stored record, or its link in the chain, is not what it was when it was closed, or is gone."""


class NewerSchema(StoreError):
    """The database is at a revision that this program does not know: a newer one has upgraded it."""

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"the database was upgraded by a newer opencbr (revision {revision}): install that version here"
        )
        self.revision = revision


class UnsupportedDatabase(StoreError):
    """The database URL names something that this store does not run on."""
