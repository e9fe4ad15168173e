"""`opencbr record`: take a record out, and prove it without this installation."""

import click


@click.group()
def record() -> None:
    """Export and verify the signed record of a backup."""
