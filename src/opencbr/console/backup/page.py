"""The page of one backup: what `templates/backup/page.html` is given."""

from typing import Any

from opencbr.console.backup.answers import Answers
from opencbr.console.backup.drawing import diagram_of
from opencbr.console.backup.view import backup_view
from opencbr.console.topology.outline import outline_of
from opencbr.console.topology.svg import svg_of


def page_context(answers: Answers) -> dict[str, Any]:
    """Return the template's variables: `view`, `drawing` (SVG text, escaped), `outline` and `remarks` of the topology."""
    view = backup_view(answers)
    diagram = diagram_of(view)
    return {
        "view": view,
        "drawing": svg_of(diagram) if next(diagram.boxes(), None) else None,
        "outline": outline_of(diagram),
        "remarks": diagram.remarks,
    }
