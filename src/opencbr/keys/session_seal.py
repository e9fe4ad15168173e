"""What a browser keeps for the console: sealed, so that it can neither be read nor changed there, and no server keeps it."""

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from opencbr.keys.aead import SealBroken, bound_to, seal, unseal
from opencbr.keys.master_key import MasterKey

_USE = "console-session"
_FORMS = "console-forms"


class SessionSeal:
    """Seals and opens sessions on any server of the installation. A rotated master key ends none while it is in the folder."""

    def __init__(self, master: MasterKey) -> None:
        self._master = master

    @property
    def form_key(self) -> bytes:
        """The key that signs what proves a form to be the console's own."""
        return self._master.derived(_FORMS)[0]

    def seal(self, data: bytes) -> bytes:
        """Seal a session; 28 bytes longer than `data`."""
        return seal(AESGCM(self._master.derived(_USE)[0]), data, bound_to(_USE))

    def open(self, sealed: bytes) -> bytes:
        """Open what `seal` made. Raises SealBroken."""
        for key in self._master.derived(_USE):
            try:
                return unseal(AESGCM(key), sealed, bound_to(_USE))
            except SealBroken:
                continue
        raise SealBroken("no master key opens this session")
