"""Which of the things that tenants write themselves look like secrets: names of entries, and texts.

Nobody can know every way of writing a secret down; docs/record-format.md says what is looked for. When in doubt a
value is masked, but not so that ordinary things vanish: names of keys, public keys and image properties stay.
Every pattern is linear in the length of the text: repeats are bounded, or begin only where no such run goes on.
"""

import base64
import re

# Anywhere in a name.
_ALWAYS = re.compile(
    r"passw(?:or)?d|passphrase|passcode|secret|token|credential|(?:private|api|access|auth|signing)[-_. ]?key",
    re.IGNORECASE,
)
# Words of a name: dbPass, DB_PASS and db-pass are "db" and "pass".
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SHORT = frozenset({"pass", "pw", "pwd", "psk", "cred", "creds", "otp", "jwt"})
# Written together (DBPASS, rootpw, sshkey): all words that end so but these.
_ENDS = ("pass", "pwd", "pw")
_NO_PASS = frozenset({"bypass", "compass", "encompass", "overpass", "surpass", "trespass", "underpass"})
_NO_KEY = frozenset(
    {"donkey", "hotkey", "jockey", "monkey", "pubkey", "publickey", "turkey", "turnkey", "whiskey", "hockey"}
)
# What a key is called that everybody may have, or that opens nothing.
_OPEN_KEYS = frozenset(
    {"authorized", "authorised", "foreign", "hot", "known", "partition", "primary", "pub", "public", "sort"}
)
_TAILS = frozenset({"b", "base", "content", "data", "hash", "hex", "pem", "raw", "text", "value"})

_VALUE = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY"
    r"|\bchpasswd\b"
    r"|\$(?:1|2[aby]|5|6|y|gy|argon2id?)\$[^\s$]"  # a hash as crypt(3) writes it
    r"|://[^/\s:@]*:[^/\s@]+@"  # a password inside a URL
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{30}|\bxox[abprs]-[A-Za-z0-9]"
    r"|\bglpat-[\w-]{20}|\bAIza[\w-]{35}|\bgAAAAA[\w-]{20}"
    r"|(?<![\w-])eyJ[\w-]{8,}\.eyJ[\w-]{8,}\."
    r"|\bBearer[ \t]{1,3}(?=[\w.~+/-]{0,64}[0-9])[\w.~+/-]{16}"
    r"|\bsshpass[ \t]{1,3}-p[ \t]{0,3}\S|(?<!\S)(?:-u|--user)[ \t=][ \t]{0,3}[^\s:]{1,64}:(?![0-9]{1,6}(?:\s|\Z))[^\s/]"
)
_BASIC = re.compile(r"\bBasic[ \t]{1,3}([A-Za-z0-9+/]{6,512}={0,2})")

# The cheap question first: most texts are names, ids, addresses and times, which none of these stand in.
_MARKS = (
    *("$", "@", "BEGIN", "chpasswd", "AKIA", "ASIA", "gh", "xox", "glpat", "AIza", "gAAAAA", "eyJ"),
    *("Bearer", "Basic", "sshpass", "-u"),
)
_HINTS = ("pass", "pw", "secret", "token", "cred", "key", "psk", "otp", "jwt")

# name = value, "name": "value", name => value, <name>value; --name value. Only a name of bounded length is looked at, once, so
# that neither a flood of signs nor one of names costs more than its length.
_NAMED = re.compile(r"(<?)(?<![\w.-])([\w.-]{1,64}+)(?![\w.-])[\"'\\]{0,2}[ \t]{0,3}(=>|:=|[:=>])")
_FLAG = re.compile(r"--([A-Za-z][\w-]{0,63})[ \t]{1,3}(?=[^\s-])")
_VALUE_BEHIND = re.compile(
    r"[ \t]{0,3}[\"'\\]{0,2}(?!(?:true|false|yes|no|none|null|on|off)(?:[\s\"'\\,;&})\]]|\Z))[^\s\"'\\,;&<=:>]",
    re.IGNORECASE,
)
_PUBLIC_KEY = re.compile(
    r"(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-nistp[0-9]{3}|sk-[a-z0-9-]{1,40}@openssh\.com)"
    r" AAAA[A-Za-z0-9+/]{16,}={0,2}(?: [\w.@+-]{0,255})?"
)


def secret_name(name: str) -> bool:
    """Say whether a tenant's entry of this name holds a secret."""
    if _ALWAYS.search(name):
        return True
    words = [word.lower() for word in _WORD.findall(name)]
    if any(word in _SHORT or (word.endswith(_ENDS) and word not in _NO_PASS) for word in words):
        return True
    while len(words) > 1 and words[-1] in _TAILS:
        words.pop()
    if not words or words[-1].removesuffix("s") in _NO_KEY or not words[-1].endswith(("key", "keys")):
        return False
    return not _OPEN_KEYS.intersection(words[:-1])


def secret_text(text: str) -> bool:
    """Say whether a text, wherever it stands, looks like a secret or has one in it."""
    if any(map(text.__contains__, _MARKS)) and (
        _VALUE.search(text) or any(_has_password(match[1]) for match in _BASIC.finditer(text))
    ):
        return True
    return any(map(text.lower().__contains__, _HINTS)) and _assigns(text)


def public_keys(text: str) -> bool:
    """Say whether a text is SSH public keys and nothing else, one a line."""
    lines = text.split("\n")
    return any(lines) and all(not line or _PUBLIC_KEY.fullmatch(line.rstrip("\r")) for line in lines)


def _assigns(text: str) -> bool:
    """Say whether the text gives something to a name that holds a secret (`password: x`, `--db-pass x`)."""
    if any(_tells(match[1]) for match in _FLAG.finditer(text)):
        return True
    for named in _NAMED.finditer(text):
        if (named[3] == ">") != bool(named[1]):
            continue
        if _tells(named[2]) and _VALUE_BEHIND.match(text, named.end()):
            return not public_keys(text)
    return False


def _tells(name: str) -> bool:
    # `key=value` is everybody's example; an entry of a map named so is another matter.
    return name.lower() not in {"key", "keys"} and secret_name(name)


def _has_password(encoded: str) -> bool:
    """Say whether this is base64 over `user:password`, and no word that follows the word Basic."""
    digits = encoded.rstrip("=")
    try:
        inside = base64.b64decode(digits[: len(digits) // 4 * 4]).decode()
    except ValueError:
        return False
    return ":" in inside and inside.isprintable()
