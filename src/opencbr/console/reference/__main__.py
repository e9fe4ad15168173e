"""`python -m opencbr.console.reference FOLDER` writes the reference as static files."""

import sys
from pathlib import Path

from opencbr.api.openapi import document
from opencbr.api.routes import ROUTES
from opencbr.console.reference.static_files import write_files

if __name__ == "__main__":
    if len(sys.argv) != 2:  # noqa: PLR2004 -- the program and the folder
        sys.exit("usage: python -m opencbr.console.reference FOLDER")
    folder = Path(sys.argv[1])
    count = write_files(document(ROUTES), folder)
    print(f"{count} pages; begin at {folder / 'index.html'}")  # noqa: T201 -- the program's answer
