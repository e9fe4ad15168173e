"""How fresh backups are: what is bound to vaults as a list, the longest unprotected first, and in words for other pages."""

from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from opencbr.console.console import api
from opencbr.console.pages.listing import page_of
from opencbr.model.freshness_words import (
    ago_in_words,
    complete_in_words,
    finished_in_words,
    runs_in_words,
    summary_in_words,
)

pages = Blueprint("freshness", __name__, url_prefix="/console/freshness")


@pages.get("")
def index() -> ResponseReturnValue:
    """List what is bound, with the numbers of the project. Raises Refused."""
    client = api()
    page = page_of(client, "ListResourceFreshness", "resources")
    numbers = client.get("/freshness")["freshness"]
    return render_template(
        "freshness/index.html", page=page, told=numbers_in_words(numbers), words=rows_in_words(page.rows)
    )


def numbers_in_words(numbers: dict[str, Any]) -> list[str]:
    """Say the numbers of a project or a vault as sentences."""
    return summary_in_words(
        resources=numbers["resources"],
        without_backup=numbers["without_backup"],
        last_run_failed=numbers["last_run_failed"],
        oldest_unprotected_seconds=numbers["oldest_unprotected_seconds"],
    )


def rows_in_words(rows: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    """Say how fresh each resource is, by its id."""
    return {row["id"]: _in_words(row) for row in rows}


def _in_words(row: dict[str, Any]) -> dict[str, str]:
    complete, finished, tested = (
        row["newest_complete"],
        row["newest_finished"],
        row["newest_restore_tested"],
    )
    newer = finished is not None and finished != complete
    return {
        "complete": complete_in_words(row["unprotected_seconds"], has_complete=complete is not None),
        "finished": finished_in_words(finished["verdict"], finished["age_seconds"]) if newer else "",
        "tested": ago_in_words(tested["age_seconds"]) if tested else "never",
        "runs": runs_in_words(row["missed_runs"], row["late_runs"]),
    }
