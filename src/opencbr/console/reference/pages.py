"""The reference as it is served: open to all, as `/openapi.json` is."""

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from opencbr.console.console import console
from opencbr.console.reference.errors import error_pages
from opencbr.console.reference.operations import chapters, operation_page

pages = Blueprint("reference", __name__, url_prefix="/explorer/reference")


def reference_url(name: str = "") -> str:
    """Return the address of the page of an operation or of a whole code, without a name that of the first page."""
    return url_for("reference.page", name=name) if name else url_for("reference.index")


def debug_url(name: str) -> str:
    """Return the address where the operation can be tried."""
    return url_for("explorer.form", name=name)


@pages.get("")
def index() -> ResponseReturnValue:
    """List all pages."""
    document = console().document
    return _shown("index", chapters=chapters(document), errors=error_pages(document))


@pages.get("/<name>")
def page(name: str) -> ResponseReturnValue:
    """Show the page of an operation or of a code."""
    document = console().document
    if (operation := operation_page(document, name)) is not None:
        return _shown("operation", page=operation)
    for error in error_pages(document):
        if error.code == name:
            return _shown("code", page=error)
    raise NotFound(f"The reference has no page {name[:64]}: its first page lists all.")


def _shown(kind: str, **more: object) -> ResponseReturnValue:
    return render_template(
        f"reference/{kind}.html",
        layout="layout.html",
        reference_url=reference_url,
        debug_url=debug_url,
        **more,
    )
