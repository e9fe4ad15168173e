"""The errors a client is told, and the catalogue of their codes (contract 7.2).

A code, once published, keeps its meaning. The sentence is what a client reads when the place that raises has
nothing more exact to say; it names the trouble and what to change.
"""

from dataclasses import dataclass

from opencbr.model.error_catalogue import SENTENCES

NOTHING_TO_BACK_UP = "0001"
BEING_BACKED_UP = "1001"
DISK_TOO_SMALL = "2001"
BACKUP_UNRESTORABLE = "2005"
SERVER_UNRESTORABLE = "2008"
BEING_RESTORED = "2010"
DISK_UNRESTORABLE = "2011"
BOUND_ELSEWHERE = "6103"
TWO_VAULTS = "6137"
VAULT_UNCHANGEABLE = "6110"
VAULT_STATUS = "6112"
DELETION_INCOMPLETE = "6115"
UNSUPPORTED_TYPE = "6116"
DESTINATION_REFUSED = "6118"
RESOURCE_BUSY = "6125"
BEING_REMOVED = "6134"
NOT_IN_VAULT = "6135"
NO_SUCH_POLICY = "6000"
UNFIT_POLICY = "6127"
NO_SUCH_BACKUP = "6200"
BACKUP_UNDELETABLE = "6201"
BACKUP_UNFINISHED = "6203"
SUSPENDED = "6215"
BACKUP_IN_USE = "6216"
NO_SUCH_RESOURCE = "6302"
NO_SUCH_DISK = "7000"
DISK_STATUS = "7003"
DISK_UNUSABLE = "7004"
NO_SUCH_SERVER = "7100"
SERVER_STATUS = "7101"
SERVER_UNUSABLE = "7103"
NO_DISK_TO_BACK_UP = "7108"
NOT_ATTACHED = "7201"
NO_SUCH_SNAPSHOT = "7202"
SNAPSHOT_STATUS = "7203"
QUOTA_USED_UP = "8300"
NOT_ALLOWED = "8600"
BAD_PARAMETER = "9900"
UNEXPECTED = "9910"
IDENTITY_FAILED = "9998"
"""Codes that are raised in more than one place."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry of the catalogue: the HTTP status it goes with and its sentence."""

    status: int
    sentence: str


_OUR_STATUS = {TWO_VAULTS: 400}
"""Codes whose trouble is the caller's to mend here, though the contract has them as the server's (contract 7.2)."""

CATALOGUE: dict[str, Fault] = {
    code: Fault(_OUR_STATUS.get(code, status), sentence)
    for status, entries in SENTENCES.items()
    for code, sentence in entries.items()
}
"""Code without prefix -> fault."""


def wire_code(code: str) -> str:
    """Give a code as it goes over the wire, with its prefix (contract 7.1)."""
    return f"BackupService.{code}"


class CbrError(Exception):
    """Anything a client is told: `code` is the catalogue's, `message` a sentence, `status` HTTP's.

    The status is the catalogue's unless one is given (503 for a code of 500 when trying again makes sense).
    """

    def __init__(self, code: str, message: str | None = None, *, status: int | None = None) -> None:
        fault = CATALOGUE[code]
        self.code = code
        self.status = status if status is not None else fault.status
        self.message = message if message is not None else fault.sentence
        super().__init__(f"{wire_code(code)}: {self.message}")

    @property
    def wire_code(self) -> str:
        """The code with its prefix."""
        return wire_code(self.code)
