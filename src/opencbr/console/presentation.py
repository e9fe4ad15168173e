"""How values are shown: times, sizes, JSON; and the files that pages are made with."""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, send_from_directory, url_for
from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name

from opencbr.console.console import browser_session
from opencbr.console.reference.marks import marked
from opencbr.model.freshness_words import age_in_words
from opencbr.model.times import parse_time
from opencbr.observe.printable import printable

FOLDER = str(Path(__file__).parent)
_ASSETS = Path(FOLDER) / "assets"
_FORMATTER = HtmlFormatter(nowrap=True)
_COLOURED = 200_000
"""Characters of a text that is coloured; a longer one is shown plain."""


def teach(app: Flask) -> None:
    """Give the templates their filters and names."""
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters |= {
        "when": when,
        "minute": minute,
        "coloured": coloured,
        "clean": clean,
        "gibibytes": gibibytes,
        "marked": marked,
        "unquoted": unquoted,
        "age": age_in_words,
    }
    app.jinja_env.globals |= {"asset_url": asset_url}
    app.context_processor(
        lambda: {
            "who": browser_session().signed_in,
            "can_choose_project": _can_choose(),
        }
    )


def _can_choose() -> bool:
    who = browser_session().signed_in
    return who is not None and not who.is_bound and getattr(who.credential, "is_ours", False)


def when(moment: str | None) -> Markup:
    """Show a time of the API: UTC as written, the viewer's zone where scripts run."""
    if not moment:
        return Markup("&mdash;")
    try:
        utc = parse_time(moment)
    except ValueError:
        return Markup("{}").format(moment)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        utc.isoformat().replace("+00:00", "Z"), f"{utc:%Y-%m-%d %H:%M:%S} UTC", minute(moment)
    )


def minute(moment: str) -> str:
    """Write a time of the API where no element can stand; one that is none as it is."""
    try:
        return f"{parse_time(moment):%Y-%m-%d %H:%M} UTC"
    except ValueError:
        return moment


def coloured(text: str, lexer: str) -> Markup:
    """Colour source text; the classes are those of `code.css`."""
    if len(text) > _COLOURED:
        return Markup("{}").format(text)
    return Markup(highlight(text, get_lexer_by_name(lexer, stripnl=False), _FORMATTER))  # noqa: S704 -- it escapes


def clean(text: Any) -> str:
    """Show a name that somebody else has chosen: marks that turn or hide text are written out."""
    return printable(str(text))


def unquoted(text: str) -> str:
    """Show a JSON text: of a string what it says, of all else the text as it is."""
    value = json.loads(text) if text.startswith('"') else text
    return "\n".join(map(printable, value.split("\n")))


def gibibytes(number: int | None) -> str:
    """Write a size of the API."""
    return "unknown" if number is None else f"{number:,} GiB"


def asset(filename: str) -> Response:
    """Send a file that pages are made with."""
    return send_from_directory(_ASSETS, filename)


def asset_url(filename: str) -> str:
    """Return the address of an asset, another one when it has changed."""
    return url_for("assets", filename=filename, v=_version(filename))


@cache
def _version(filename: str) -> str:
    return hashlib.sha256((_ASSETS / filename).read_bytes()).hexdigest()[:12]
