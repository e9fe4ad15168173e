"""Make any OpenStack ready for the tests: a service user, users of two projects, a clouds.yaml.

    OPENCBR_TEST_ADMIN_CLOUD=admin OPENCBR_TEST_CLOUD=alpha python tests/openstack/prepare.py [FILE]
    python tests/openstack/prepare.py --own FILE       users of this file's own, for one run
    python tests/openstack/prepare.py --remove FILE    takes away the users that --own made

FILE (default OPENCBR_TEST_CLOUDS, or opencbr-test-clouds.yaml in the temporary folder; mode 0600) gets the
clouds `opencbr` (service user), `opencbr-test-admin` (admin on the test project, its access key under `ec2`),
`opencbr-test-member` (member of it), `opencbr-test-other` (member of another project) and copies of those
already known. What an interrupted run left in the test project is removed first (`leftovers.py`), and the project may
have the volumes that a test needs at once (Cinder counts a deleted one for a moment longer than it shows it). The
file's path is the only thing printed on standard output. Without --own the users have fixed names and their passwords are
made once and read back from FILE: not for a cloud where a service user `opencbr` is at work.
"""

import os
import secrets
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml
from leftovers import clear_given, clear_identity, clear_project

import openstack
from opencbr.clock import SystemClock
from opencbr.cloud.cloud import Cloud
from opencbr.cloud.config import CloudSettings

SERVICE, ADMIN, MEMBER, OTHER = "opencbr", "opencbr-test-admin", "opencbr-test-member", "opencbr-test-other"
TENANTS = {ADMIN: ("admin", "member"), MEMBER: ("member",), OTHER: ("member",)}
HOME = "service"
"""The service user's own project."""
ROOM = {"volumes": 30, "snapshots": 30, "backups": 30}
"""What of Cinder's quotas the test project gets at least."""

Entry = dict[str, Any]


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr)


class Preparation:
    """One cloud being made ready; with `own` the users are of this run alone."""

    def __init__(self, target: Path, *, own: bool) -> None:
        self.target = target
        self.admin_cloud = os.environ.get("OPENCBR_TEST_ADMIN_CLOUD", "admin")
        self.test_cloud = os.environ.get("OPENCBR_TEST_CLOUD") or os.environ.get("OS_CLOUD") or "alpha"
        config = openstack.config.OpenStackConfig()
        self.given: dict[str, Entry] = config.cloud_config["clouds"]
        for name in (self.admin_cloud, self.test_cloud):
            if name not in self.given:
                raise SystemExit(f"clouds.yaml has no cloud {name}: it has {', '.join(self.given)}")
        self.like = self.given[self.admin_cloud]
        self.like.setdefault("region_name", config.get_one(cloud=self.admin_cloud).get_region_name())
        self.identity = openstack.connect(cloud=self.admin_cloud).identity
        self.kept: dict[str, Entry] = yaml.safe_load(target.read_text())["clouds"] if target.exists() else {}
        self.project_id = openstack.connect(cloud=self.test_cloud).current_project_id
        self.short = self.project_id[:8]
        self.suffix = f"-{self.short}-{secrets.token_hex(4)}" if own else ""

    def run(self) -> None:
        self.clear()
        self.give_room()
        service, password = self.user(SERVICE)
        cloud = Cloud(CloudSettings(cloud=self.admin_cloud), SystemClock())
        for sentence in cloud.register(endpoint=None, user=service.name, password=password):
            say(sentence)
        clouds = {SERVICE: self.entry(service, password, HOME)}
        tested = self.identity.get_project(self.project_id)
        other = OTHER + self.suffix
        foreign = self.identity.find_project(other) or self.identity.create_project(
            name=other, domain_id="default"
        )
        for name, roles in TENANTS.items():
            project = foreign if name == OTHER else tested
            user, password = self.user(name)
            for role in roles:
                found = self.identity.find_role(role, ignore_missing=False)
                self.identity.assign_project_role_to_user(project, user, found)
            clouds[name] = self.entry(user, password, project.name)
        clouds[ADMIN]["ec2"] = self.key(clouds[ADMIN], tested.id)
        clouds |= {self.admin_cloud: self.like}
        clouds |= {name: entry for name, entry in self.given.items() if name not in clouds}
        self.target.touch(mode=0o600)
        self.target.chmod(0o600)
        self.target.write_text(yaml.safe_dump({"clouds": clouds}, sort_keys=False))

    def clear(self) -> None:
        """Take away what an interrupted run left behind."""
        admin = openstack.connect(cloud=self.admin_cloud)
        gone = clear_project(openstack.connect(cloud=self.test_cloud)) + clear_given(admin, self.project_id)
        if self.suffix:
            gone += clear_identity(admin, self.short)
        for name in gone:
            say(f"removed {name}, left behind by an earlier run")

    def give_room(self) -> None:
        """Raise the quotas that are too small for the tests, as an administrator may."""
        storage = openstack.connect(cloud=self.admin_cloud).block_storage
        now = storage.get_quota_set(self.project_id)
        small = {name: least for name, least in ROOM.items() if -1 < now[name] < least}
        if small:
            storage.update_quota_set(self.project_id, **small)
            say(f"raised quotas of the test project: {small}")

    def user(self, name: str) -> tuple[Any, str]:
        """Return a user and a password that is right."""
        password = self.kept.get(name, {}).get("auth", {}).get("password")
        full = name + self.suffix
        user = self.identity.find_user(full)
        if user is None:
            password = password or secrets.token_urlsafe(24)
            user = self.identity.create_user(name=full, domain_id="default", password=password)
            say(f"created user {full}")
        elif password is None:
            password = secrets.token_urlsafe(24)
            self.identity.update_user(user, password=password)
            say(f"gave user {full} a new password")
        return user, password

    def entry(self, user: Any, password: str, project: str) -> Entry:
        auth = {"auth_url": self.like["auth"]["auth_url"], "username": user.name, "password": password}
        auth |= {"project_name": project, "user_domain_name": "Default", "project_domain_name": "Default"}
        trust = {name: self.like[name] for name in ("verify", "cacert", "interface") if name in self.like}
        return {"auth": auth, "region_name": self.like["region_name"], "identity_api_version": 3, **trust}

    def key(self, entry: Entry, project_id: str) -> dict[str, str]:
        """Return an access key of the user; only the owner can make one."""
        own = openstack.connection.Connection(
            **{name: value for name, value in entry.items() if name != "ec2"}
        )
        path = f"/users/{own.current_user_id}/credentials/OS-EC2"
        keys = own.identity.get(path).json()["credentials"]
        key = next((k for k in keys if k["tenant_id"] == project_id), None)
        if key is None:
            key = own.identity.post(path, json={"tenant_id": project_id}).json()["credential"]
        return {"access": key["access"], "secret": key["secret"], "project_id": project_id}


def remove(target: Path) -> None:
    """Take the users and the other project away again."""
    clouds = yaml.safe_load(target.read_text())["clouds"]
    identity = openstack.connect(cloud=os.environ.get("OPENCBR_TEST_ADMIN_CLOUD", "admin")).identity
    for name in (SERVICE, *TENANTS):
        full = clouds[name]["auth"]["username"]
        if full == name:
            raise SystemExit(f"{target} was not made with --own: its users are left alone")
        user = identity.find_user(full)
        if user is not None:
            identity.delete_user(user)
    project = identity.find_project(clouds[OTHER]["auth"]["project_name"])
    if project is not None:
        identity.delete_project(project)
    target.unlink()


def main(arguments: list[str]) -> None:
    options = {a for a in arguments if a.startswith("--")}
    default = os.environ.get("OPENCBR_TEST_CLOUDS") or f"{tempfile.gettempdir()}/opencbr-test-clouds.yaml"
    target = Path(next((a for a in arguments if a not in options), default))
    if "--remove" in options:
        remove(target)
        return
    Preparation(target, own="--own" in options).run()
    print(target)


if __name__ == "__main__":
    main(sys.argv[1:])
