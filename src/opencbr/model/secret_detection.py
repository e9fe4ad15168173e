"""Which texts look like a secret or have one in them, whoever wrote them and wherever they stand.

Nobody can know every way of writing a secret down; docs/record-format.md says what is looked for. When in doubt a
value is masked, but not so that ordinary things vanish: names of keys, public keys and image properties stay.
Every pattern is linear in the length of the text: repeats are bounded, or begin only where no such run goes on.
"""

import base64
import re

from opencbr.model.secret_forms import FORM, FORM_MARKS, PRIVATE_KEY
from opencbr.model.secret_names import secret_name

_VALUE = re.compile(
    PRIVATE_KEY + r"|\b(?:chpasswd|passwd[ \t]{1,3}--stdin)\b"
    r"|://[^/\s:@]*:[^/\s@]+@"  # a password inside a URL
    r"|://(?=[\w.~-]{0,64}[0-9])[\w.~-]{32,255}@"  # a token alone, as a user who needs no password
    r"|\bmysql[\w-]{0,16}[ \t](?:[^\n|;]{0,128}[ \t])?-p[^\s]"
    r"|\bBearer[ \t]{1,3}(?=[\w.~+/-]{0,64}[0-9])[\w.~+/-]{16}"
    r"|\bsshpass[ \t]{1,3}-p[ \t]{0,3}\S|(?<!\S)(?:-u|--user)[ \t=][ \t]{0,3}[^\s:]{1,64}:(?![0-9]{1,6}(?:\s|\Z))[^\s/]"
    # netrc
    r"|\b(?:machine\s{1,9}\S{1,253}|default)\s{1,9}(?:(?:login|account)\s{1,9}\S{1,99}\s{1,9}){1,2}password\s{1,9}\S"
    r"|\b(?:bind|root)pw[ \t]{1,9}[^\s:=]"  # as directory clients are configured
)
_BASIC = re.compile(
    # a header, and the file in which clients of image registries keep theirs
    r"(?:\bBasic[ \t]{1,3}|\bauth[\"'\\]{1,16}[ \t]{0,3}:[ \t]{0,3}[\"'\\]{1,16})([A-Za-z0-9+/]{6,512}={0,2})"
)

# The cheap question first: most texts are names, ids, addresses and times, which none of these stand in.
_MARKS = (
    "@",
    "BEGIN",
    "PuTTY",
    "passwd",
    "Bearer",
    "Basic",
    "auth",
    "mysql",
    "sshpass",
    "-u",
    "machine",
    "default",
    "pw",
)
_HINTS = (
    "pass",
    "pw",
    "pswd",
    "secret",
    "token",
    "cred",
    "key",
    "psk",
    "otp",
    "jwt",
    "community",
    "identified",
)

# name = value, "name": "value", name => value, <name>value; --name value. Only a name of bounded length is looked at, once, so
# that neither a flood of signs nor one of names costs more than its length.
_NAMED = re.compile(r"(<?)(?<![\w.-])([\w.-]{1,64}+)(?![\w.-])[\"'\\]{0,16}[ \t]{0,3}(=>|:=|[:=>])")
_FLAG = re.compile(r"--([A-Za-z][\w-]{0,63})[ \t]{1,3}(?=[^\s-])")
_NO_VALUE = r"(?!(?:true|false|yes|no|none|null|on|off)(?:[\s\"'\\,;&})\]<]|\Z))"
# In quotes a value may begin with any sign; two quotes and nothing between are no value.
_VALUE_BEHIND = re.compile(
    r"[ \t]{0,3}(?!\\{0,15}([\"'])\\{0,15}\1(?!\1))"
    rf"(?:[\"'\\]{{0,16}}{_NO_VALUE}[^\s\"'\\,;&<=:>]|\\{{0,15}}[\"'][,;&=:>])",
    re.IGNORECASE,
)
# As YAML lets a value stand on the next line; a map there has names of its own.
_VALUE_BELOW = re.compile(
    r"[ \t]{0,3}(?:[>|][+-]?[1-9]?[+-]?)?[ \t]{0,3}\r?\n[ \t]{1,64}(?:-[ \t]{1,3})?"
    rf"(?![\w.-]{{1,64}}[\"']?:(?:\s|\Z))[\"']?{_NO_VALUE}[^\s\"'\\,;&<=:>#]",
    re.IGNORECASE,
)
# <ns:name attribute="x">value</ns:name>: the end tells the name as well as the beginning.
_ELEMENT = re.compile(
    rf">(?:<!\[CDATA\[)?\s{{0,64}}{_NO_VALUE}[^\s<>][^<>]{{0,1024}}(?:\]\]>)?</(?:[\w.-]{{1,64}}:)?([\w.-]{{1,64}})\s{{0,3}}>",
    re.IGNORECASE,
)
# {"name": "DB_PASSWORD", "value": "x"}, the same in YAML, <property name="password" value="x"/>
_PAIR = re.compile(
    r"\b(?:opt_)?(?:name|key)[\"'\\]{0,16}[ \t]{0,3}[:=][ \t]{0,3}[\"'\\]{0,16}([\w.-]{1,64})[\"'\\]{0,16}[\s,]{1,64}"
    r"[\"'\\]{0,16}(?:opt_)?value[\"'\\]{0,16}[ \t]{0,3}[:=]",
    re.IGNORECASE,
)
# IDENTIFIED BY 'x', PASSWORD 'x' (SQL), PSK "x" (IPsec)
_SAID = re.compile(
    r"\b(?:identified[ \t]{1,3}(?:with[ \t]{1,3}\S{1,64}[ \t]{1,3})?by(?:[ \t]{1,3}password)?|password|psk)"
    r"[ \t]{1,3}[\"'][^\s\"']",
    re.IGNORECASE,
)
_PUBLIC_KEY = re.compile(
    r"(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-nistp[0-9]{3}|sk-[a-z0-9-]{1,40}@openssh\.com)"
    r" AAAA[A-Za-z0-9+/]{16,}={0,2}(?: [\w.@+-]{0,255})?"
)


def secret_text(text: str) -> bool:
    """Say whether a text, wherever it stands, looks like a secret or has one in it."""
    lower = text.lower()
    if any(map(lower.__contains__, FORM_MARKS)) and FORM.search(text):
        return True
    if any(map(text.__contains__, _MARKS)) and (
        _VALUE.search(text) or any(_has_password(match[1]) for match in _BASIC.finditer(text))
    ):
        return True
    return any(map(lower.__contains__, _HINTS)) and _assigns(text)


def public_keys(text: str) -> bool:
    """Say whether a text is SSH public keys and nothing else, one a line."""
    lines = text.split("\n")
    return any(lines) and all(not line or _PUBLIC_KEY.fullmatch(line.rstrip("\r")) for line in lines)


def _assigns(text: str) -> bool:
    """Say whether the text gives something to a name that holds a secret (`password: x`, `--db-pass x`)."""
    if _SAID.search(text):
        return True
    if any(_tells(match[1]) for form in (_FLAG, _ELEMENT) for match in form.finditer(text)):
        return True
    if any(_tells(pair[1]) and _VALUE_BEHIND.match(text, pair.end()) for pair in _PAIR.finditer(text)):
        return True
    for named in _NAMED.finditer(text):
        if (named[3] == ">") != bool(named[1]):
            continue
        if _tells(named[2]) and (
            _VALUE_BEHIND.match(text, named.end())
            or (named[3] == ":" and _VALUE_BELOW.match(text, named.end()))
        ):
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
