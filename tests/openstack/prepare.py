"""Make any OpenStack ready for the tests: a service user, a project admin with an access key, a clouds.yaml.

    OPENCBR_TEST_ADMIN_CLOUD=admin OPENCBR_TEST_CLOUD=alpha python tests/openstack/prepare.py [FILE]

FILE (default OPENCBR_TEST_CLOUDS, or opencbr-test-clouds.yaml in the temporary folder; mode 0600) gets the
clouds `opencbr` (service user), `opencbr-test-admin` (admin on the test project, its access key under `ec2`)
and copies of those already known. Its path is the only thing printed on standard output. Passwords are made
once and read back from FILE.
"""

import os
import secrets
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

import openstack
from opencbr.clock import SystemClock
from opencbr.cloud.cloud import Cloud
from opencbr.cloud.config import CloudSettings

TEST_ADMIN = "opencbr-test-admin"


def credential(like: dict[str, Any], user: str, password: str, project: str) -> dict[str, Any]:
    return {
        "auth": {
            "auth_url": like["auth"]["auth_url"],
            "username": user,
            "password": password,
            "project_name": project,
            "user_domain_name": "Default",
            "project_domain_name": "Default",
        },
        "region_name": like.get("region_name"),
        "identity_api_version": 3,
    }


def set_password(identity: Any, name: str, password: str) -> Any:
    user = identity.find_user(name) or identity.create_user(name=name, domain_id="default", password=password)
    identity.update_user(user, password=password)
    return user


def main(target: Path) -> None:
    admin_cloud = os.environ.get("OPENCBR_TEST_ADMIN_CLOUD", "admin")
    test_cloud = os.environ.get("OPENCBR_TEST_CLOUD", "alpha")
    config = openstack.config.OpenStackConfig()
    given = config.cloud_config["clouds"]
    like = given[admin_cloud]
    like.setdefault("region_name", config.get_one(cloud=admin_cloud).get_region_name())
    kept = yaml.safe_load(target.read_text())["clouds"] if target.exists() else {}

    identity = openstack.connect(cloud=admin_cloud).identity
    password = kept.get("opencbr", {}).get("auth", {}).get("password") or secrets.token_urlsafe(24)
    test_password = kept.get(TEST_ADMIN, {}).get("auth", {}).get("password") or secrets.token_urlsafe(24)
    if "opencbr" not in kept and identity.find_user("opencbr"):
        set_password(identity, "opencbr", password)
    cloud = Cloud(CloudSettings(cloud=admin_cloud), SystemClock())
    for sentence in cloud.register(endpoint=None, password=password):
        print(sentence, file=sys.stderr)  # noqa: T201 -- a program for people

    project = identity.find_project(given[test_cloud]["auth"]["project_name"], ignore_missing=False)
    tester = identity.find_user(TEST_ADMIN)
    if TEST_ADMIN not in kept or tester is None:
        tester = set_password(identity, TEST_ADMIN, test_password)
    for role in ("admin", "member"):
        identity.assign_project_role_to_user(project, tester, identity.find_role(role, ignore_missing=False))
    keys = identity.get(f"/users/{tester.id}/credentials/OS-EC2").json()["credentials"]
    key = next((k for k in keys if k["tenant_id"] == project.id), None)
    if key is None:
        own = openstack.connect(**credential(like, TEST_ADMIN, test_password, project.name)["auth"])
        path = f"/users/{tester.id}/credentials/OS-EC2"
        key = own.identity.post(path, json={"tenant_id": project.id}).json()["credential"]

    test_admin = credential(like, TEST_ADMIN, test_password, project.name)
    test_admin["ec2"] = {"access": key["access"], "secret": key["secret"], "project_id": project.id}
    clouds = {
        "opencbr": credential(like, "opencbr", password, "service"),
        TEST_ADMIN: test_admin,
        admin_cloud: like,
        **{name: given[name] for name in given if name != admin_cloud},
    }
    target.touch(mode=0o600)
    target.chmod(0o600)
    target.write_text(yaml.safe_dump({"clouds": clouds}, sort_keys=False))
    print(target)  # noqa: T201 -- the path is the answer


if __name__ == "__main__":
    default = os.environ.get("OPENCBR_TEST_CLOUDS") or f"{tempfile.gettempdir()}/opencbr-test-clouds.yaml"
    main(Path(sys.argv[1] if len(sys.argv) > 1 else default))
