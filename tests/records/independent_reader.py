"""A reader of stored records, written from docs/record-format.md alone: it imports nothing of the program.

Rows are dictionaries of a table's columns. Whatever is not as the document says raises an exception.
"""

import base64
import hashlib
import hmac
import json
from itertools import combinations
from pathlib import Path

import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

FORMAT = b"opencbr.record/1"
PARTS = ("answer", "secrets", "documents")
CLASSES = ("infrastructure", "secrets")


def read_key(file: Path) -> bytes:
    """Read a key file; 32 bytes."""
    text = file.read_text("ascii")
    assert len(text) == 65
    assert text[-1] == "\n"
    return bytes.fromhex(text)


def master_key_check(master_key: bytes) -> str:
    return hmac.digest(master_key, b"opencbr master key check", "sha256").hex()[:32]


def public_key(signing_key: bytes) -> str:
    return Ed25519PrivateKey.from_private_bytes(signing_key).public_key().public_bytes_raw().hex()


def unseal(key: bytes, sealed: bytes, *names: str) -> bytes:
    associated = b"\0".join([FORMAT, *(name.encode() for name in names)])
    return AESGCM(key).decrypt(sealed[:12], sealed[12:], associated)


class ProjectKeys:
    """The keys of one row of `project_key`: `sealing` and `fingerprint`, 32 bytes each."""

    def __init__(self, master_key: bytes, row: dict) -> None:
        root = unseal(master_key, row["wrapped"], "project-key", row["project_id"], row["key_id"])
        assert len(root) == 32
        self.sealing = self._derived(root, b"seal")
        self.fingerprint = self._derived(root, b"fingerprint")

    def _derived(self, root: bytes, use: bytes) -> bytes:
        return HKDF(SHA256(), length=32, salt=None, info=FORMAT + b"\0" + use).derive(root)

    def fingerprint_of(self, text: str) -> str:
        """The fingerprint of a string value."""
        return hmac.digest(self.fingerprint, text.encode(), "sha256").hex()[:16]


class Record:
    """One row of `record`, opened with its keys, the folder of dictionaries and `previous` of its link."""

    def __init__(self, row: dict, keys: ProjectKeys, dictionaries: Path, previous: bytes | None) -> None:
        self._row, self._previous = row, previous
        dictionary = (dictionaries / f"{row['dictionary_id']}.zdict").read_bytes()
        pieces = [
            unseal(keys.sealing, row[part], part, row["project_id"], row["backup_id"]) for part in PARTS
        ]
        self._masked_answer, secrets, documents = (
            self._texts(dictionary, pieces[: n + 1])[n] for n in range(3)
        )
        self._secrets, self._documents = json.loads(secrets), json.loads(documents)

    def answer(self, *view: str) -> bytes:
        """The body of ShowMetadata in a view, which names the classes in clear."""
        return self._revealed(self._masked_answer, self._secrets["answer"], view)

    def documents(self, *view: str) -> dict[str, bytes]:
        """The documents' bodies in a view, by name."""
        found = {}
        for entry in self._documents["documents"]:
            if "in_answer" in entry:
                at = json.loads(self.answer(*view))
                for step in entry["in_answer"]:
                    at = at[step]
                found[entry["name"]] = at.encode()
            else:
                values = self._secrets["documents"].get(entry["name"], [])
                found[entry["name"]] = self._revealed(entry["body"].encode(), values, view)
        return found

    def manifest(self) -> bytes:
        """The manifest, as it is hashed."""
        described = {name: value for name, value in self._documents.items() if name != "documents"}
        own = {
            "format": FORMAT.decode(),
            "project_id": self._row["project_id"],
            "backup_id": self._row["backup_id"],
            "documents": [self._entry(one) for one in self._documents["documents"]],
            "chain": {
                "sequence": self._row["sequence"],
                "previous": None if self._previous is None else self._previous.hex(),
            },
            "signer": self._row["signer"].hex(),
        }
        return canonical({**described, **own})

    def verify(self) -> None:
        """Check the digest and the signature."""
        digest = hashlib.sha256(self.manifest()).digest()
        assert digest == self._row["digest"]
        Ed25519PublicKey.from_public_bytes(self._row["signer"]).verify(
            self._row["signature"], FORMAT + b"\0" + digest
        )

    def _entry(self, entry: dict) -> dict:
        name = entry["name"]
        call = {member: value for member, value in entry.items() if member not in ("body", "in_answer")}
        masked = self.documents()[name]
        own = [one for one in CLASSES if self.documents(one)[name] != masked]
        views = [view for size in (1, 2) for view in combinations(own, size)]
        return {
            **call,
            "sha256": hashlib.sha256(masked).hexdigest(),
            "commitments": {
                "+".join(view): hashlib.sha256(
                    self.salt("+".join(view), name) + self.documents(*view)[name]
                ).hexdigest()
                for view in views
            },
        }

    def salt(self, commitment: str, document: str) -> bytes:
        salt = bytes.fromhex(self._secrets["salt"])
        assert len(salt) == 16
        return hmac.digest(salt, f"{commitment}\0{document}".encode(), "sha256")

    @staticmethod
    def _revealed(text: bytes, values: list, view: tuple) -> bytes:
        revealed, done = b"", 0
        for value in values:
            if value["class"] in view:
                revealed += text[done : value["offset"]] + replacement(value).encode()
                done = value["offset"] + value["length"]
        return revealed + text[done:]

    @staticmethod
    def _texts(dictionary: bytes, pieces: list[bytes]) -> list[bytes]:
        """The texts of the first pieces, by any zstd that reads a stream."""
        frame = b"".join(piece[4:] for piece in pieces) + b"\x01\x00\x00"
        reader = zstandard.ZstdDecompressor(dict_data=zstandard.ZstdCompressionDict(dictionary))
        stream = reader.decompressobj()
        text = stream.decompress(frame)
        assert stream.eof
        texts = []
        for piece in pieces:
            size = int.from_bytes(piece[:4], "big")
            texts.append(text[:size])
            text = text[size:]
        assert text == b""
        return texts


def replacement(value: dict) -> str:
    if not value.get("base64"):
        return value["text"]
    end = value["text"].index('"') + 1
    quote, rest = value["text"][:end], value["text"][end:]
    return quote + base64.b64encode(rest.encode()).decode() + quote


def canonical(value: dict) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
