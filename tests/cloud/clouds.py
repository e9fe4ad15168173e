"""A cloud under test, the service's credential on it, and a clock that waits for nobody."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from opencbr.cloud.capture import read_server
from opencbr.cloud.cloud import Cloud
from opencbr.cloud.config import CloudSettings
from opencbr.democloud import DemoCloud
from opencbr.model.document import Document, Reading


@dataclass
class QuickClock:
    """Real time, and pauses that are only written down."""

    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@dataclass
class CloudEnv:
    demo: DemoCloud
    clouds_file: Path
    clock: QuickClock
    cloud: Cloud

    def as_cloud(self, name: str, **settings: object) -> Cloud:
        """The same product on another credential of the embedded cloud."""
        return Cloud(CloudSettings(cloud=name, config_files=(str(self.clouds_file),), **settings), self.clock)

    @property
    def project_id(self) -> str:
        return str(self.demo.account("demo")["project_id"])

    @property
    def other_project_id(self) -> str:
        return str(self.demo.account("other")["project_id"])

    def server_id(self, name: str, project_id: str | None = None) -> str:
        servers = self.cloud.reader().list_servers(project_id or self.project_id)
        return next(str(server["id"]) for server in servers if server["name"] == name)

    def volume_id(self, name: str) -> str:
        volumes = self.cloud.reader().list_volumes(self.project_id)
        return next(str(volume["id"]) for volume in volumes if volume["name"] == name)

    def read(
        self,
        name: str,
        *,
        exclude: frozenset[str] = frozenset(),
        include: frozenset[str] = frozenset(),
        root_image: bool = False,
    ):
        return read_server(
            self.cloud.reader(),
            server_id=self.server_id(name),
            project_id=self.project_id,
            exclude=exclude,
            include=include,
            root_image=root_image,
            clock=self.clock,
        )


def kinds(reading: Reading) -> dict[str, int]:
    """How many documents of each kind a reading has."""
    found: dict[str, int] = {}
    for document in reading.documents:
        kind = document.name.partition("/")[0]
        found[kind] = found.get(kind, 0) + 1
    return found


def body(reading: Reading, name: str) -> bytes:
    return next(document.body for document in reading.documents if document.name == name)


def names(documents: tuple[Document, ...]) -> list[str]:
    return [document.name for document in documents]
