"""What known kinds of secrets look like, wherever they stand: looked for in records, and hidden in whatever is logged.

Each form matches the whole secret, so that it can be cut out. Every repeat is bounded or begins only where no such run
goes on: a text is searched in time by its length.
"""

import re

PRIVATE_KEY = (
    r"-----BEGIN [A-Z0-9 ]{0,64}PRIVATE KEY|---- BEGIN SSH2 [A-Z ]{0,16}PRIVATE KEY"
    r"|-----BEGIN OpenVPN Static key|PuTTY-User-Key-File-[0-9]"
)
"""How a file with a private key begins."""

_FORGES = (
    r"\bgh[pousr]_[A-Za-z0-9]{30,255}|\bgithub_pat_[A-Za-z0-9_]{20,255}"
    r"|\bgl(?:pat|oas|dt|rt|rtr|cbt|ptt|ft|imt|agent|soat|ffct)-[\w.-]{20,255}|\bATATT3x[\w=-]{20,512}"
    r"|\bnpm_[A-Za-z0-9]{30,255}|\bpypi-AgE[\w-]{20,512}|\bdckr_pat_[\w-]{20,255}"
)
_CLOUDS = (
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bAIza[\w-]{35}|\bya29\.[\w-]{20,512}|\bGOCSPX-[\w-]{20,64}"
    r"|\bdo[opr]_v1_[0-9a-f]{32,64}|\bhv[sbr]\.[\w-]{20,512}|\bAGE-SECRET-KEY-1[0-9A-Z]{20,64}"
)
_SERVICES = (
    r"\b[sr]k_(?:live|test)_[A-Za-z0-9]{16,255}|\bsk-[A-Za-z0-9_-]{32,255}|\bSG\.[\w-]{16,64}\.[\w-]{16,64}"
    r"|\bxox[abeoprs](?:\.xox[bp])?-[\w-]{1,255}|\bxapp-[\w-]{10,255}|(?:\b|(?<=/bot))[0-9]{8,10}:AA[\w-]{33}\b|\bhf_[A-Za-z0-9]{20,255}\b|\bglsa_[\w-]{20,255}\b"
)
# Who knows the address of such a hook may write as its owner.
_HOOKS = (
    r"\bhooks\.slack\.com/(?:services|workflows|triggers)/[\w/-]{8,255}"
    r"|\bdiscord(?:app)?\.com/api/(?:v[0-9]{1,2}/)?webhooks/[0-9]{1,32}/[\w-]{8,255}"
    r"|\bwebhook\.office\.com/webhookb2/[\w@./-]{8,512}|\boutlook\.office(?:365)?\.com/webhook/[\w@./-]{8,512}"
    r"|/hooks/[a-z0-9]{26}\b"
    r"|\bopen\.(?:feishu\.cn|larksuite\.com)/open-apis/bot/v2/hook/[\w-]{8,255}"
    r"|\bqyapi\.weixin\.qq\.com/cgi-bin/webhook/send\?key=[\w-]{8,255}"
)
# Addresses that carry their own permission: presigned (S3, Google, OBS), temporary (Swift), shared access (Azure).
_SIGNED = (
    r"(?i:\bX-(?:Amz|Goog|Obs|Oss)-(?:Signature|Security-Token)|\btemp_url_sig|(?<=[?&;])(?:sig|Signature))"
    r"=[\w%+/=.~-]{8,4096}+"
)
_TOKENS = (
    r"\bgAAAAA[\w-]{20,}+={0,2}"  # Fernet: Keystone's
    r"|(?<![\w-])eyJ[\w-]{8,}+\.[\w-]{8,}+\.[\w-]{0,}+"  # JWS
    r"|\$(?:1|apr1|2[abxy]|5|6|7|y|gy|sha1|scrypt|argon2(?:id?|d))\$[^\s$][^\s:]{0,255}"  # as crypt(3) writes a hash
    r"|\{(?:S?SHA(?:256|384|512)?|S?MD5|CRYPT|PBKDF2[\w-]{0,16})\}[\w+/=.$-]{8,255}"  # as a directory (LDAP) does
)

FORM = re.compile(f"{_FORGES}|{_CLOUDS}|{_SERVICES}|{_HOOKS}|{_SIGNED}|{_TOKENS}")
"""A token, hash or address that is a secret by itself; the match is what is to be hidden."""

FORM_MARKS = (
    *(
        "gh",
        "gl",
        "atatt3x",
        "npm_",
        "pypi-",
        "dckr_",
        "akia",
        "asia",
        "aiza",
        "ya29",
        "gocspx",
        "_v1_",
        "hv",
    ),
    *(
        "age-secret",
        "k_",
        "sk-",
        "sg.",
        "xox",
        "xapp",
        ":aa",
        "hf_",
        "hook",
        "ignature",
        "security-",
        "sig",
        "gaaaaa",
    ),
    *("eyj", "$", "}"),
)
"""Every match of FORM, in lower case, has one of these in it: the cheap question first."""
