"""The embedded cloud as Python sees it: start, stop, who may log in, and bytes of its disks."""

import secrets
from pathlib import Path
from typing import Any, Self

from opencbr.democloud.application import Application
from opencbr.democloud.backend import Backend
from opencbr.democloud.call_log import CallLog
from opencbr.democloud.control import Control
from opencbr.democloud.failures import Failure
from opencbr.democloud.faults import Faults
from opencbr.democloud.http_server import HttpServer
from opencbr.democloud.seed.demo import seed_demo
from opencbr.democloud.seed.empty import seed_empty
from opencbr.democloud.state import Doc
from opencbr.democloud.timing import Timing
from opencbr.democloud.worker import Worker


class DemoCloud:
    """Keystone, Nova, Cinder, Neutron and Glance in this process, with real bytes below `state_dir`.

    - `listen`: host and port, port 0 is a free one. The first start chooses; look at `auth_url`.
    - `seed`: what the first start makes. "empty" is users, types, flavors, an image and the external network;
      "demo" adds the projects of `opencbr.democloud.seed.demo` with their servers.
    - `timing`: how long work takes, see `Timing`.
    - `control`: mount `/_control/`, opened by `control_token`.

    `faults` are what goes wrong with calls, `calls` those there were. Users and their passwords are made at the
    first start and kept in `state_dir` (folder 0700, files 0600); whoever starts a second cloud in the same
    folder finds everything again.
    """

    def __init__(
        self,
        state_dir: Path,
        listen: str = "127.0.0.1:0",
        *,
        seed: str = "demo",
        timing: Timing | None = None,
        control: bool = False,
    ) -> None:
        if seed not in ("demo", "empty"):
            raise ValueError(f"seed is 'demo' or 'empty', not {seed!r}")
        self.state_dir = Path(state_dir)
        self._listen, self._seed, self._timing = listen, seed, timing or Timing()
        self.control_token = secrets.token_urlsafe(24) if control else ""
        self.faults, self.calls = Faults(), CallLog()
        self.base = ""
        self._running: tuple[Backend, Worker, HttpServer] | None = None

    @property
    def backend(self) -> Backend:
        """State, clock, work and bytes; raises RuntimeError before `start`."""
        return self._started()[0]

    @property
    def _worker(self) -> Worker:
        return self._started()[1]

    def _started(self) -> tuple[Backend, Worker, HttpServer]:
        if self._running is None:
            raise RuntimeError("the cloud is not started: call start() first")
        return self._running

    def start(self) -> Self:
        """Open the state, fill it when it is new, and listen; returns when calls are answered."""
        self.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.state_dir.chmod(0o700)
        backend = Backend(self.state_dir, self._timing)
        worker = Worker(backend)
        with backend.state.change():
            if backend.state.get("account", "admin") is None:
                seed_empty(backend)
                if self._seed == "demo":
                    seed_demo(backend)
        for file in self.state_dir.glob("cloud.sqlite3*"):
            file.chmod(0o600)
        host, _, port = self._listen.rpartition(":")
        server = HttpServer(host, int(port))
        self.base = f"http://{host}:{server.server_port}"
        given: dict[str, Any] = {"faults": self.faults, "calls": self.calls}
        control = Control(self.control_token, backend, worker, **given) if self.control_token else None
        answer = control.answer if control else None
        server.start(Application(self.base, backend, worker, **given, control=answer).handle)
        worker.start()
        self._running = (backend, worker, server)
        return self

    def stop(self) -> None:
        """Stop listening, close all connections and the state; unfinished work goes on at the next start."""
        if self._running is None:
            return
        backend, worker, server = self._running
        server.stop()
        worker.stop()
        backend.state.close()
        self._running = None

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
        """Return {user_name, password, project_name, project_id, user_id} of a user made at the first start.

        Names: "admin", "opencbr" and, with the seed "demo", "demo", "demo-admin" and "other". Raises KeyError.
        """
        with self.backend.state.change():
            doc = self.backend.state.get("account", name)
        if doc is None:
            raise KeyError(name)
        return doc

    def clouds_yaml(self) -> dict[str, Any]:
        """Return the content of a clouds.yaml, one cloud for each account; it holds passwords."""
        with self.backend.state.change():
            accounts = self.backend.state.all("account")
        clouds: dict[str, Any] = {}
        for doc in accounts:
            auth = {"auth_url": self.auth_url, "username": doc["user_name"], "password": doc["password"]}
            auth |= {"project_name": doc["project_name"]}
            auth |= {"user_domain_id": "default", "project_domain_id": "default"}
            clouds[doc["id"]] = {"auth": auth, "region_name": "RegionOne", "identity_api_version": "3"}
        return {"clouds": clouds}

    def access_key(self, name: str) -> tuple[str, str]:
        """Return (access, secret) of the EC2 key of an account; raises KeyError."""
        doc = self.account(name)
        return doc["access"], doc["secret"]

    def advance(self, seconds: float) -> None:
        """Move the cloud's clock ahead and end all work whose time has come."""
        self._worker.advance(seconds)

    def settle(self) -> None:
        """End all unfinished work now, whatever the timing."""
        self._worker.run_all()

    @property
    def errors(self) -> list[Exception]:
        """What went wrong inside the cloud itself; a test expects it to be empty."""
        return self.backend.errors

    def fail(self, work: str, *, times: int = 1, reason: str = "", stick: bool = False) -> Failure:
        """Let work go wrong, such as "backup.created", "backup.restored" or "snapshot.deleted".

        The resource ends in the error state of the real service, or (`stick`) stays as it is for ever; `times`
        0 is always. Raises ValueError for work that does not exist.
        """
        return self._worker.fail(work, times=times, reason=reason, stick=stick)

    def write(self, id_: str, data: bytes, *, offset: int = 0) -> None:
        """Write bytes into a volume (or a snapshot or image), as its guest would."""
        self.backend.disks.write(id_, offset, data)

    def read(self, id_: str, *, offset: int = 0, length: int) -> bytes:
        """Read bytes of a volume, snapshot or image."""
        return self.backend.disks.read(id_, offset, length)

    def sha256(self, id_: str) -> str:
        """Return the digest of a whole volume, zeros included; equal for disks of equal size and bytes."""
        return self.backend.disks.sha256(id_)
