"""`opencbr`: the root of the command line."""

import os
from pathlib import Path

import click

from opencbr.cli.app import Program, Session
from opencbr.observe.log import configure

_PLACES = {
    "demo": "opencbr.cli.demo.command:demo",
    "config": "opencbr.cli.configuration:config",
    "register": "opencbr.cli.register:register",
    "db": "opencbr.cli.db:db",
    "serve": "opencbr.cli.serve:serve",
    "worker": "opencbr.cli.worker:worker",
    "status": "opencbr.cli.status:status",
    "operation-logs": "opencbr.cli.operation_logs:operation_logs",
    "orphans": "opencbr.cli.orphans:orphans",
    "record": "opencbr.cli.record:record",
    "restore": "opencbr.cli.restore:restore",
    "drill": "opencbr.cli.drill:drill",
    "policy": "opencbr.cli.policy:policy",
    "freshness": "opencbr.cli.freshness:freshness",
    "keys": "opencbr.cli.keys:keys",
}


@click.group(
    cls=Program,
    places=_PLACES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--config",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Configuration file. Default: $OPENCBR_CONFIG, ./opencbr.toml, /etc/opencbr/opencbr.toml.",
)
@click.option("--debug", is_flag=True, help="Show a traceback where something fails.")
@click.version_option(package_name="opencbr")
@click.pass_context
def program(ctx: click.Context, file: Path | None, *, debug: bool) -> None:
    """Cloud Backup and Recovery for OpenStack, speaking the CBR v3 API.

    \b
    See it work, without a cloud:   opencbr demo
    With your own cloud:            opencbr config check
                                    opencbr db upgrade
                                    opencbr serve    (and, beside it)    opencbr worker

    Every key of the configuration can be overridden by OPENCBR_<SECTION>_<KEY>, for instance
    OPENCBR_API_LISTEN=0.0.0.0:8780.

    \b
    Exit codes: 0 done; 1 it failed, or a check found something; 2 wrong command line;
                3 the configuration cannot be used; 130 interrupted.
    """  # noqa: D301 -- \b keeps click from joining the lines
    # Before anything can be logged: what the log hides is hidden in every command. Those that serve set it up anew.
    configure("warning")
    ctx.obj = Session(file, dict(os.environ), debug)


def main() -> None:
    """Run the command line; the entry point of the package."""
    program(prog_name="opencbr")
