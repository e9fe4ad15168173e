"""Texts of the document as HTML: what stands between backticks is code."""

import re

from markupsafe import Markup, escape

_CODE = re.compile(r"`([^`]+)`")


def marked(text: str) -> Markup:
    """Escape a text, and mark its code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 -- escaped the moment before
