"""Exchanges what differs between two runs for what does not: ids, hashes, times, hardware and network addresses."""

import hashlib
import re
from collections.abc import Callable
from datetime import datetime, timedelta

from opencbr.model.vault import PROVIDER_ID

_UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
_HEX = re.compile(r"\b[0-9a-f]{32,}\b")
_FINGERPRINT = re.compile(r"(?<=\(masked )(\w+) [0-9a-f]+(?=\))")
_HARDWARE = re.compile(r"\bfa:16:3e(?::[0-9a-f]{2}){3}\b")
_RESERVATION = re.compile(r"\br-[0-9a-z]{8}\b")
_URL = re.compile(r"http://127\.0\.0\.1:\d+")
_TIME = re.compile(r"\b(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?")
EPOCH = datetime(2026, 3, 2, 9, 0)  # noqa: DTZ001 -- written without a zone


def stable(text: str) -> str:
    """Give the text with each of these exchanged: equal ones stay equal, and times stay in their order."""
    text = _URL.sub("http://cloud.example.org", text)
    text = _UUID.sub(_numbered(_uuid), text)
    text = _HEX.sub(_numbered(_hex), text)
    text = _HARDWARE.sub(_numbered(lambda _old, number: f"fa:16:3e:00:00:{number:02x}"), text)
    text = _FINGERPRINT.sub(
        _numbered(lambda old, number: f"{old.split()[0]} {_digits('print', number)[:16]}"), text
    )
    text = _RESERVATION.sub(_numbered(lambda _old, number: f"r-{_digits('r', number)[:8]}"), text)
    return _with_stable_times(text)


def _numbered(make: Callable[[str, int], str]) -> Callable[[re.Match[str]], str]:
    known: dict[str, str] = {}

    def exchange(match: re.Match[str]) -> str:
        old = match[0]
        if old not in known:
            known[old] = make(old, len(known) + 1)
        return known[old]

    return exchange


def _uuid(old: str, number: int) -> str:
    if old in PROVIDER_ID.values():
        return old
    new = _digits("uuid", number)
    return f"{new[:8]}-{new[8:12]}-{old[14]}{new[13:16]}-8{new[17:20]}-{new[20:32]}"


def _hex(old: str, number: int) -> str:
    return (_digits("hex", number) * 2)[: len(old)]


def _digits(kind: str, number: int) -> str:
    return hashlib.sha256(f"{kind} {number}".encode()).hexdigest()


def _with_stable_times(text: str) -> str:
    """The run is one of seconds: each second that occurs becomes the next one after the epoch."""
    seconds = sorted({match[1] for match in _TIME.finditer(text)})
    new = {old: f"{EPOCH + timedelta(seconds=place):%Y-%m-%dT%H:%M:%S}" for place, old in enumerate(seconds)}
    return _TIME.sub(
        lambda match: new[match[1]] + ("." + "0" * (len(match[2]) - 1) if match[2] else ""), text
    )
