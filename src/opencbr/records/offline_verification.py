"""Checking an exported record with nothing but its file and a public key: no database, no process, no trust."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from opencbr.keys.ed25519 import is_signed
from opencbr.model.manifest import commitment, digest, signed_message, view_name
from opencbr.model.record import FORMAT
from opencbr.model.secrets import VERBATIM

_MEMBERS = frozenset({"format", "view", "manifest", "digest", "signature", "public_key", "documents"})
_DOCUMENT = frozenset({"name", "body"})
"""All members of an export and of a document in it; one in a view has a `salt` too. Nothing else is vouched for."""


def read_export(text: str) -> dict[str, Any]:
    """Parse an exported record. Raises ValueError for what is no JSON object, or has a member twice."""
    exported = json.loads(text, object_pairs_hook=_once)
    if not isinstance(exported, dict):
        raise ValueError("an exported record is a JSON object")  # noqa: TRY004 -- of the file, not of an argument
    return exported


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        # Readers differ in which of the two they take.
        raise ValueError("a member stands twice in one object")
    return found


def signed_with(export: dict[str, Any], trusted: Sequence[str]) -> str:
    """Choose the key to verify an export with: the one of the `trusted` that its manifest names, else the first."""
    manifest = export.get("manifest")
    named = manifest.get("signer") if isinstance(manifest, dict) else None
    return next((key for key in trusted if key.lower() == named), trusted[0] if trusted else "")


def verify_export(export: dict[str, Any], public_key: str) -> list[str]:
    """List what is wrong with an export, a sentence each; an empty list means that it is genuine and whole.

    `public_key` is the installation's, 64 hex digits, from a source that is trusted: the one inside the file is not.
    """
    try:
        return _problems(export, public_key.strip().lower())
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        return [f"this is no record of format {FORMAT}: {type(error).__name__}"]


def _problems(export: dict[str, Any], public_key: str) -> list[str]:
    manifest = export["manifest"]
    if export["format"] != FORMAT or manifest["format"] != FORMAT:
        return [f"the format is not {FORMAT}: a newer program may read it"]
    problems = [
        f"member {name!r} is not of this format, nobody signed it" for name in export.keys() - _MEMBERS
    ]
    computed = digest(manifest)
    if export["digest"] != computed.hex():
        problems.append("the digest is not that of the manifest")
    if export["public_key"] != manifest["signer"]:
        problems.append("the file names another public key than the manifest")
    if public_key != manifest["signer"]:
        problems.append("the record was signed with another key than the one given")
    if not is_signed(public_key, _bytes(export["signature"]), signed_message(computed)):
        problems.append("the signature does not fit: the manifest was changed, or another key signed it")
    return problems + _documents(export)


def _documents(export: dict[str, Any]) -> list[str]:
    problems = []
    view = frozenset(export["view"])
    if export["view"] != sorted(view):
        problems.append("the view is no list of classes, each once and in order")
    if not view <= VERBATIM:
        problems.append("the view names classes that this format does not have")
    pages = {page["name"]: page for page in export["manifest"]["documents"]}
    given = {document["name"]: document for document in export["documents"]}
    if len(given) != len(export["documents"]) or len(pages) != len(export["manifest"]["documents"]):
        problems.append("a document stands here twice")
    problems += [f"document {name} is missing" for name in pages if name not in given]
    problems += [f"document {name} is not in the manifest" for name in given if name not in pages]
    if not problems and list(given) != list(pages):
        problems.append("the documents do not stand in the manifest's order")
    for name, document in given.items():
        if name in pages and not _fits(pages[name], document, view):
            problems.append(f"document {name} was changed")
    return problems


def _fits(page: dict[str, Any], document: dict[str, Any], view: frozenset[str]) -> bool:
    if document.keys() - _DOCUMENT - {"salt"}:
        return False
    body = document["body"].encode()
    kinds = frozenset().union(*(name.split("+") for name in page["commitments"]))
    if not view & kinds:
        return "salt" not in document and hashlib.sha256(body).hexdigest() == page["sha256"]
    promised = page["commitments"][view_name(view & kinds)]
    return bool(commitment(_bytes(document["salt"]), body) == promised)


def _bytes(digits: str) -> bytes:
    """Read hex digits as an export writes them; nothing for what only a lenient reader takes: spaces, capitals."""
    found = bytes.fromhex(digits)
    return found if found.hex() == digits else b""
