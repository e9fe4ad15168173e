"""Ed25519: signing a message, and checking a signature."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


class Signer:
    """Signs with the 32 secret bytes `seed`. `public_key` is 64 hex digits, to be published."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public_key = self._key.public_key().public_bytes_raw().hex()

    def sign(self, message: bytes) -> bytes:
        """Sign; 64 bytes."""
        return self._key.sign(message)


def is_signed(public_key: str, signature: bytes, message: bytes) -> bool:
    """Say whether the owner of `public_key` (hex) signed; no for keys and signatures that are none."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(signature, message)
    except (ValueError, InvalidSignature):
        return False
    return True
