"""Verifying an export needs neither database nor cloud nor server: their libraries are not even loaded."""

import subprocess
import sys

import pytest

from records.golden import FOLDER, PUBLIC_KEY

EXPORT = FOLDER / "export.json"
FOREIGN = ["sqlalchemy", "psycopg", "requests", "openstack", "keystoneauth1", "granian", "dbos"]
LIBRARY = f"""
import json, pathlib
from opencbr.records.offline_verification import verify_export
assert verify_export(json.loads(pathlib.Path({str(EXPORT)!r}).read_text("utf-8")), {PUBLIC_KEY!r}) == []
"""
COMMAND = f"""
from opencbr.cli.main import program
try:
    program(["record", "verify", {str(EXPORT)!r}, "--key", {PUBLIC_KEY!r}])
except SystemExit as ended:
    assert not ended.code, ended.code
"""


@pytest.mark.parametrize("script", [LIBRARY, COMMAND], ids=["library", "command"])
def test_it_loads_no_library_for_sql_or_http(script):
    told = f"{script}\nimport sys\nprint(sorted(set(sys.modules) & set({FOREIGN})))"
    done = subprocess.run([sys.executable, "-c", told], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "[]"
