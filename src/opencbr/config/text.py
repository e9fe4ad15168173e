"""Writing a configuration: for people, without secrets, and as a file that can be read back."""

import json
from typing import Any
from urllib.parse import urlsplit

import msgspec

from opencbr.config.settings import Config


def shown(config: Config) -> dict[str, dict[str, Any]]:
    """Give the configuration as plain data with every secret hidden, for `opencbr config show`."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    plain: dict[str, dict[str, Any]] = msgspec.to_builtins(config)
    try:
        parsed = make_url(config.database.url)
        secret = [name for name in parsed.query if "password" in name]  # libpq takes them there too
        url = parsed.update_query_dict(dict.fromkeys(secret, "hidden")).render_as_string(hide_password=True)
    except (ArgumentError, ValueError):
        url = "(cannot be read)"
    plain["database"]["url"] = url
    if config.webhook.url:  # some receivers know who writes by what stands behind the host
        parts = urlsplit(config.webhook.url)
        rest = parts.path.strip("/") or parts.query
        plain["webhook"]["url"] = f"{parts.scheme}://{parts.netloc}/{'(hidden)' if rest else ''}"
    return plain


def dumps(config: Config) -> str:
    """Write a configuration as the TOML that `load` reads back; TOML has no null, what is None is left out."""
    plain: dict[str, dict[str, Any]] = msgspec.to_builtins(config)
    lines: list[str] = []
    for section, keys in plain.items():
        lines.append(f"[{section}]")
        lines += [f"{key} = {_toml(value)}" for key, value in keys.items() if value is not None]
        lines.append("")
    return "\n".join(lines)


def _toml(value: Any) -> str:
    """Write a value on one line. JSON's strings, numbers and booleans are TOML's too (DEL aside, which json leaves bare)."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
