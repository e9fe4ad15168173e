"""The reference as files that any web server, or none, can show."""

from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from opencbr.console.reference.errors import error_pages
from opencbr.console.reference.marks import marked
from opencbr.console.reference.operations import chapters

_ASSETS = files("opencbr.console").joinpath("assets")


def write_files(document: dict[str, Any], folder: Path) -> int:
    """Write the pages and their stylesheets into a folder, which is made where it is missing; return how many pages."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = _pages(document)
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")
    for asset in _ASSETS.iterdir():
        if asset.name.endswith(".css"):
            (folder / asset.name).write_bytes(asset.read_bytes())
    return len(pages)


def _pages(document: dict[str, Any]) -> dict[str, str]:
    environment = Environment(
        loader=PackageLoader("opencbr.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["marked"] = marked
    environment.globals |= {
        "layout": "reference/static.html",
        "reference_url": lambda name="index": f"{name}.html",
        "debug_url": lambda _name: None,
        "asset_url": lambda name: name,
        "version": document["info"]["version"],
    }
    all_chapters, errors = chapters(document), error_pages(document)
    operation, code = (environment.get_template(f"reference/{kind}.html") for kind in ("operation", "code"))
    index = environment.get_template("reference/index.html").render(chapters=all_chapters, errors=errors)
    found = {"index.html": index}
    for chapter in all_chapters:
        found |= {f"{page.name}.html": operation.render(page=page) for page in chapter.pages}
    return found | {f"{page.code}.html": code.render(page=page) for page in errors}
