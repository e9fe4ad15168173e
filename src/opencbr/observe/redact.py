"""Keep secrets out of anything written for people: known values by equality, others by shape.

Code never logs a secret on purpose; this is the net below it (libraries, errors that quote a request, slips). What upstream
services and clients say passes through here, so every pattern is linear: an endless run is looked at from its beginning only,
and no piece of text can be read in two ways.
"""

import re
import threading

from opencbr.model.secret_forms import FORM, PRIVATE_KEY

HIDDEN = "(hidden)"

_SHORTEST = 6
"""Shorter remembered values would blank ordinary words."""

_NAMES = (
    r"x-auth-token|x-subject-token|x-service-token|authorization|proxy-authorization|cookie|set-cookie"
    r"|password|passwd|adminpass|admin_pass|original_password|secret|secret_key|private_key|auth_key|api_key"
    r"|access_token|token|user_data|blob|backup_url|os_password|opencbr_sk|opencbr_token|bindpw|keyring"
)

_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    # "name": "value" and 'name': 'value', also inside JSON that was quoted once more, and cut off before its end
    (
        re.compile(
            rf"""(?im)(["'](?:[\w:.-]*[_:.-])?(?:{_NAMES})\\?["']\s*[:=]\s*b?\\?)(["'])(?:\\.|(?!\2)[^\\\n])*+(?:\2|\\?$)"""
        ),
        rf"\1\2{HIDDEN}\2",
    ),
    # Authorization: SDK-HMAC-SHA256 Access=..., ... up to the end of the line
    (re.compile(r"(?im)\b((?:proxy-)?authorization\s*[:=]\s*)(?!\(hidden\))[^\r\n]+"), rf"\1{HIDDEN}"),
    # name=value, name: value
    (
        re.compile(
            rf"""(?i)(?<![\w.-])((?:[\w.-]*[_.-])?(?:{_NAMES})\s*[:=]\s*)(?!["'(\[{{])[^\s,;&"'}}\])]+"""
        ),
        rf"\1{HIDDEN}",
    ),
    # scheme://user:password@host
    (re.compile(r"(://[^\s/:@]*:)[^\s/@]+(@)"), rf"\1{HIDDEN}\2"),
    # what is a secret by itself, wherever it stands
    (FORM, HIDDEN),
    (re.compile(rf"(?:{PRIVATE_KEY}).*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), HIDDEN),
)

_known: set[str] = set()
_lock = threading.Lock()


def remember(*secrets: str) -> None:
    """Never write these values again, whatever surrounds them (the database's password, say)."""
    with _lock:
        _known.update(secret for secret in secrets if len(secret) >= _SHORTEST)


def redact(text: str) -> str:
    """Return `text` with every secret replaced by `(hidden)`."""
    for secret in tuple(_known):
        if secret in text:
            text = text.replace(secret, HIDDEN)
    for pattern, instead in _RULES:
        text = pattern.sub(instead, text)
    return text
