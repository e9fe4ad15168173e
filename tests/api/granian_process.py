"""Serve a cbr's database and cloud under granian: `python granian_process.py DATABASE_URL FOLDER PORT`."""

import sys
from pathlib import Path

from granian.constants import HTTPModes, Interfaces
from granian.server import Server

from opencbr.api.app import create_app
from opencbr.api.auth import Authenticator
from opencbr.api.dispatch import Dependencies
from opencbr.api.health import Readiness
from opencbr.api.rights import Rights
from opencbr.api.routes import ROUTES
from opencbr.clock import SystemClock
from opencbr.cloud.cloud import Cloud
from opencbr.cloud.config import CloudSettings
from opencbr.records.archive import open_records
from opencbr.service.backups import Backups
from opencbr.service.checkpoints import Checkpoints
from opencbr.service.metadata import Metadata
from opencbr.service.operation_logs import OperationLogs
from opencbr.service.protectables import Protectables
from opencbr.service.services import Services
from opencbr.service.vaults import Vaults
from opencbr.store.database import Database


def application():
    folder, clock = Path(sys.argv[2]), SystemClock()
    cloud = Cloud(CloudSettings(cloud="opencbr", config_files=(str(folder / "clouds.yaml"),)), clock)
    database = Database(sys.argv[1])
    services = Services(
        vaults=Vaults(database=database, cloud=cloud),
        protectables=Protectables(database=database, cloud=cloud),
        checkpoints=Checkpoints(database=database, cloud=cloud),
        backups=Backups(database),
        metadata=Metadata(database, open_records(database, folder / "keys", clock)),
        operation_logs=OperationLogs(database),
    )
    return create_app(
        Dependencies(
            services=services,
            authenticator=Authenticator(cloud.identity),
            rights=Rights(ROUTES),
            clock=clock,
        ),
        Readiness({"database": database.check}, clock),
    )


if __name__ == "__main__":
    Server(
        "opencbr",
        address="127.0.0.1",
        port=int(sys.argv[3]),
        interface=Interfaces.WSGI,
        blocking_threads=4,
        http=HTTPModes.http1,
        websockets=False,
        log_enabled=False,
    ).serve(target_loader=application, wrap_loader=False)
