"""Which names say that what they name is a secret. When in doubt it is one, but ordinary words stay ordinary.

A name is a field's, a metadata entry's, an option's: `DBPASS`, `mysql_pw`, `license-key` and `clientSecret` tell, `key_name`,
`max_tokens`, `password_policy` and `secretary` do not.
"""

import re

# Anywhere in a name.
_ALWAYS = re.compile(
    r"passw|pswd|passphrase|passcode|secret(?!ar|ion|iv)|token(?!i[sz])|credential|keyring"
    r"|(?:private|api|access|auth|signing)[-_. ]?key|snmp[-_. ]?community|community[-_. ]?string",
    re.IGNORECASE,
)
# Words of a name: dbPass, DB_PASS and db-pass are "db" and "pass".
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SHORT = frozenset({"pass", "pw", "pwd", "psk", "cred", "creds", "otp", "jwt"})
# Written together (DBPASS, rootpw, sshkey): all words that end so but these.
_ENDS = ("pass", "pwd", "pw")
_NO_PASS = frozenset({"bypass", "compass", "encompass", "overpass", "surpass", "trespass", "underpass"})
_NO_KEY = frozenset(
    {
        "donkey",
        "hotkey",
        "jockey",
        "monkey",
        "pubkey",
        "publickey",
        "reskey",
        "turkey",
        "turnkey",
        "whiskey",
        "hockey",
    }
)
# What a key is called that everybody may have, or that opens nothing.
_OPEN_KEYS = frozenset(
    {"authorized", "authorised", "foreign", "hot", "known", "partition", "primary", "pub", "public", "sort"}
)
_TAILS = frozenset({"b", "base", "content", "data", "hash", "hex", "pem", "raw", "text", "value"})
# What such a last word names is something about secrets, and no secret: token_type, PASSWORD_MIN_LENGTH.
_ABOUT = frozenset(
    {
        *(
            "policy",
            "policies",
            "length",
            "size",
            "count",
            "limit",
            "quota",
            "complexity",
            "strength",
            "history",
        ),
        *("ttl", "expiry", "expiration", "expires", "lifetime", "timeout", "age", "days", "hours", "minutes"),
        *(
            "seconds",
            "rotation",
            "interval",
            "algorithm",
            "type",
            "format",
            "enabled",
            "disabled",
            "required",
        ),
        "endpoint",
    }
)
# How many of them, not which: max_tokens.
_NUMBERS = frozenset({"max", "maximum", "min", "minimum", "num", "number", "total"})
_MANY = frozenset({"tokens", "secrets", "passwords", "credentials", "keys", "creds"})

_NO_FURTHER = 256
"""Characters of a name that are looked at from either end; a longer one is nobody's name, and is judged as a text."""


def secret_name(name: str) -> bool:
    """Say whether an entry of this name holds a secret."""
    if len(name) > 2 * _NO_FURTHER:
        name = name[:_NO_FURTHER] + name[-_NO_FURTHER:]
    words = [word.lower() for word in _WORD.findall(name)]
    if words and (words[-1] in _ABOUT or (words[-1] in _MANY and not _NUMBERS.isdisjoint(words))):
        return False
    if _ALWAYS.search(name):
        return True
    if any(word in _SHORT or (word.endswith(_ENDS) and word not in _NO_PASS) for word in words):
        return True
    while len(words) > 1 and words[-1] in _TAILS:
        words.pop()
    if not words or words[-1].removesuffix("s") in _NO_KEY or not words[-1].endswith(("key", "keys")):
        return False
    return not _OPEN_KEYS.intersection(words[:-1])
