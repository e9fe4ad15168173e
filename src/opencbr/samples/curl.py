"""curl, with a Keystone token and with an access key whose signature the shell computes."""

from urllib.parse import quote, unquote, urlsplit

from opencbr.samples import shell, wire
from opencbr.samples.call import Call

_CURL = ("curl", "--silent", "--show-error", "--fail-with-body")
"""Fails with code 22 where the service refuses, and still shows why."""

_SIGNED = """\
sha256() { hex=$(openssl dgst -sha256 -hex "$@"); echo "${hex##* }"; }

stamp=$(date -u +%Y%m%dT%H%M%SZ)
"""

_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def with_token(call: Call) -> str:
    """Write the command; the token comes from OS_TOKEN."""
    lines = [_CURL, _request(call), ("--header", '"X-Auth-Token: $OS_TOKEN"')]
    if call.body is not None:
        lines += [_CONTENT, ("--data-binary", shell.quoted(wire.json_of(call.body)))]
    return shell.command(*lines)


def with_access_key(call: Call) -> str:
    """Write the commands that sign (contract 9.2) and send; the key comes from HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK.

    They need openssl, date, printf and curl, in any POSIX shell.
    """
    signed = "host;x-sdk-date"
    canonical = (
        f"{call.method}\n{_canonical_path(call)}\n{_canonical_query(call)}\n"
        f"host:$host\nx-sdk-date:$stamp\n\n{signed}\n"
        '$(printf %s "$body" | sha256)'
    )
    authorization = (
        f"SDK-HMAC-SHA256 Access=$HUAWEICLOUD_SDK_AK, SignedHeaders={signed}, Signature=$signature"
    )
    lines = [
        _CURL,
        _request(call),
        ("--header", '"X-Sdk-Date: $stamp"'),
        ("--header", f'"Authorization: {authorization}"'),
    ]
    if call.body is not None:
        lines += [_CONTENT, ("--data-binary", '"$body"')]
    body = "" if call.body is None else wire.json_of(call.body)
    return (
        f"{_SIGNED}host={shell.quoted(_host(call))}\nbody={shell.quoted(body)}\n"
        f'request="{canonical}"\n'
        'text="SDK-HMAC-SHA256\n$stamp\n$(printf %s "$request" | sha256)"\n'
        'signature=$(printf %s "$text" | sha256 -hmac "$HUAWEICLOUD_SDK_SK")\n\n' + shell.command(*lines)
    )


_CONTENT = ("--header", shell.quoted("Content-Type: application/json"))


def _request(call: Call) -> tuple[str, ...]:
    return ("--request", call.method, shell.quoted(wire.url_of(call)))


def _host(call: Call) -> str:
    """Return what curl sends as Host: without the scheme's own port."""
    url = urlsplit(call.endpoint)
    return url.netloc.removesuffix(_DEFAULT_PORTS.get(url.scheme, ""))


def _canonical_path(call: Call) -> str:
    """Return the path decoded once and encoded again, slashes in values too, with one at the end."""
    return quote(unquote(wire.path_of(call)), safe="/").rstrip("/") + "/"


def _canonical_query(call: Call) -> str:
    return "&".join(
        f"{key}={value}"
        for key, value in sorted((wire.encoded(k), wire.encoded(v)) for k, v in wire.query_pairs(call))
    )
