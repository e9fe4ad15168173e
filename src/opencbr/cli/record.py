"""`opencbr record`: take a record out, and prove it without this installation."""

import json
import sys
from pathlib import Path

import click

from opencbr import wiring
from opencbr.cli.frame import FAILED, Failure, Session, as_json, pass_session
from opencbr.cli.output import write_json


@click.group()
def record() -> None:
    """Export and verify the signed record of a backup."""
