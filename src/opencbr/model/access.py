"""Who looks at a backup, and whose it is: two things, as soon as a backup is shared (contract 5.7)."""

from dataclasses import dataclass

from opencbr.model.secrets import MASKED, View


@dataclass(frozen=True, slots=True)
class Access:
    """One project's access to one backup: `reader` asks, `owner` has it.

    Rows, keys and records are the owner's. What the reader's rights allow holds for the reader's own backups only.
    """

    owner: str
    reader: str

    @property
    def shared(self) -> bool:
        """Whether the backup is another project's, which shares it with the reader."""
        return self.owner != self.reader

    def view(self, wanted: View) -> View:
        """Narrow a view to what may be shown: no role in one project opens the secrets of another."""
        return MASKED if self.shared else wanted
