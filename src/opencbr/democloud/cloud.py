"""The embedded cloud as Python sees it: start, stop, who may log in, and bytes of its disks."""

import hashlib
import secrets
import threading
from pathlib import Path
from typing import Any, Self

from opencbr.democloud.disks import extents
from opencbr.democloud.failures import Failure
from opencbr.democloud.faults import Faults
from opencbr.democloud.pace import Pace
from opencbr.democloud.scene import seed_cloud, seed_demo
from opencbr.democloud.server import Server
from opencbr.democloud.state import Doc
from opencbr.democloud.work import FINISHERS
from opencbr.democloud.world import World


class DemoCloud:
    """Keystone, Nova, Cinder, Neutron and Glance in this process, with real bytes below `state_dir`.

    - `listen`: host and port, port 0 is a free one. The first start chooses; look at `auth_url`.
    - `seed`: "demo" sets the scene of `opencbr.democloud.scene` at the first start; "empty" makes only
      people, types, flavors and an image, for tests that set their own scene.
    - `pace`: how long work takes, see `Pace`.
    - `control`: mount `/_control/`, opened by `control_token`.

    Users and their passwords are made at the first start and kept in `state_dir` (folder 0700, files 0600);
    whoever starts a second cloud in the same folder finds everything again.
    """

    def __init__(
        self,
        state_dir: Path,
        listen: str = "127.0.0.1:0",
        *,
        seed: str = "demo",
        pace: Pace | None = None,
        control: bool = False,
    ) -> None:
        if seed not in ("demo", "empty"):
            raise ValueError(f"seed is 'demo' or 'empty', not {seed!r}")
        self.state_dir = Path(state_dir)
        self._listen, self._seed, self._pace = listen, seed, pace or Pace()
        self.control_token = secrets.token_urlsafe(24) if control else ""
        self.faults = Faults()
        self.base = ""
        self._server: Server | None = None
        self._thread: threading.Thread | None = None
        self._world: World | None = None

    @property
    def world(self) -> World:
        """State, clock, work and bytes; raises RuntimeError before `start`."""
        if self._world is None:
            raise RuntimeError("the cloud is not started: call start() first")
        return self._world

    def start(self) -> Self:
        """Open the state, set the scene when it is new, and listen; returns when calls are answered."""
        self.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.state_dir.chmod(0o700)
        self._world = world = World(self.state_dir, self._pace)
        with world.state.change():
            if world.state.get("account", "admin") is None:
                seed_cloud(world)
                if self._seed == "demo":
                    seed_demo(world)
        for file in self.state_dir.glob("cloud.sqlite3*"):
            file.chmod(0o600)
        host, _, port = self._listen.rpartition(":")
        self._server = Server((host, int(port)), self)
        self.base = f"http://{host}:{self._server.server_address[1]}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="democloud", daemon=True
        )
        self._thread.start()
        world.work.start()
        return self

    def stop(self) -> None:
        """Stop listening, close all connections and the state; unfinished work goes on at the next start."""
        if self._server is None or self._thread is None or self._world is None:
            return
        self._server.shutdown()
        self._server.close_all()
        self._server.server_close()
        self._thread.join()
        self._world.work.stop()
        self._world.state.close()
        self._server = self._thread = self._world = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def auth_url(self) -> str:
        """The address of Keystone v3."""
        return f"{self.base}/identity/v3"

    def account(self, name: str) -> Doc:
        """Return {user_name, password, project_name, project_id, user_id} of a user made by the scene.

        Names: "admin", "opencbr" and, in the scene "demo", "demo", "demo-admin" and "other". Raises KeyError.
        """
        with self.world.state.change():
            doc = self.world.state.get("account", name)
        if doc is None:
            raise KeyError(name)
        return doc

    def clouds_yaml(self) -> dict[str, Any]:
        """Return the content of a clouds.yaml, one cloud for each account; it holds passwords."""
        with self.world.state.change():
            accounts = self.world.state.all("account")
        clouds: dict[str, Any] = {}
        for doc in accounts:
            auth = {"auth_url": self.auth_url, "username": doc["user_name"], "password": doc["password"]}
            auth |= {"project_name": doc["project_name"]}
            auth |= {"user_domain_id": "default", "project_domain_id": "default"}
            clouds[doc["id"]] = {"auth": auth, "region_name": "RegionOne", "identity_api_version": "3"}
        return {"clouds": clouds}

    def access_key(self, name: str) -> tuple[str, str]:
        """Return (access, secret) of the EC2 key that the scene made for an account; raises KeyError."""
        doc = self.account(name)
        return doc["access"], doc["secret"]

    def advance(self, seconds: float) -> None:
        """Move the cloud's clock ahead and end all work whose time has come (mode manual)."""
        self.world.clock.advance(seconds)
        self.world.work.run_due()

    def settle(self) -> None:
        """End all unfinished work now, whatever the pace."""
        while self.world.work.unfinished():
            self.world.work.run_all()

    @property
    def errors(self) -> list[Exception]:
        """What went wrong inside the cloud itself; a test expects it to be empty."""
        return self.world.errors

    def fail(self, work: str, *, times: int = 1, reason: str = "", stick: bool = False) -> Failure:
        """Let work go wrong, such as "backup.created", "backup.restored" or "snapshot.deleted".

        The thing ends in the error state of the real service, or (`stick`) stays as it is for ever; `times` 0
        is always. Raises ValueError for work that does not exist.
        """
        if work not in FINISHERS:
            raise ValueError(f"there is no work {work!r}; there is {', '.join(sorted(FINISHERS))}")
        return self.world.failures.order(work, times=times, reason=reason, stick=stick)

    def write(self, id_: str, data: bytes, *, offset: int = 0) -> None:
        """Write bytes into a volume (or a snapshot or image), as its guest would."""
        self.world.disks.write(id_, offset, data)

    def read(self, id_: str, *, offset: int = 0, length: int) -> bytes:
        """Read bytes of a volume, snapshot or image."""
        return self.world.disks.read(id_, offset, length)

    def sha256(self, id_: str) -> str:
        """Return the digest of a whole volume, zeros included; equal for disks of equal size and bytes."""
        digest = hashlib.sha256(str(self.world.disks.size_bytes(id_)).encode())
        block = 1 << 16
        with self.world.disks.file(id_).open("rb") as disk:
            done = 0  # two stretches may lie in one block
            for start, end in extents(disk.fileno()):
                for at in range(max(start // block * block, done), end, block):
                    done = at + block
                    disk.seek(at)
                    data = disk.read(block)
                    if data.strip(b"\0"):
                        digest.update(at.to_bytes(8) + data)
        return digest.hexdigest()
