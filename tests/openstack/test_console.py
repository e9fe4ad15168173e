"""The console on a cloud: each user signs in as it knows them, and sees what was backed up as their rights allow."""

import pytest

from console.browser import Browser
from support.full_stack import FullStack


def ways(stack: FullStack) -> dict[str, tuple[str, dict[str, str]]]:
    """How the tests' users sign in: by password, with a token, with an access key."""
    known = stack.tenant.session.auth.get_cache_id_elements()
    named = {name.removeprefix("password_"): value for name, value in known.items() if value}
    password = {
        "user": named["username"],
        "domain": named.get("user_domain_name") or "Default",
        "password": named["password"],
    }
    key = stack.installation.key
    return {
        "password": ("password", password),
        "token": ("token", {"token": stack.member.user.session.get_token()}),
        "access key": ("access-key", {"access": key.access, "secret": key.secret}),
    }


def test_users_sign_in_and_see_what_was_backed_up(stack: FullStack):
    objects = stack.cloud_objects
    port = objects.port("console")
    server = objects.server("console", volumes=[objects.volume("console", bootable=True)], ports=[port])
    with stack.protected(server) as vault:
        backup = stack.back_up(vault, "console")
        for name, (way, fields) in ways(stack).items():
            browser = Browser(stack.installation.url)
            answer = browser.sign_in(way, **fields)
            assert answer.status_code == 303, f"{name}: {answer.text}"
            if answer.headers["Location"].startswith("/console/projects"):
                chosen = {"project_id": stack.member.user.project_id}
                assert browser.post("/console/projects", "/console/projects", **chosen).status_code == 303
            assert browser.is_in(), name
            page = browser.get(f"/console/backups/{backup['id']}")
            assert page.status_code == 200, name
            assert port in page.text
            assert "The signature fits" in page.text
            form = "/explorer/ShowMetadata"
            shown = browser.post(f"{form}/send", form, backup_id=backup["id"])
            assert shown.status_code == 200, name
            assert server in shown.text
            assert server in browser.get("/explorer/choices/instance_id").text
            assert browser.post("/console/sign-out", "/console").status_code == 303
            assert not browser.is_in()


def test_who_is_not_known_is_told_no_more(stack: FullStack):
    browser = Browser(stack.installation.url)
    told = {
        way: browser.sign_in(way, **fields)
        for way, fields in {
            "password": {"user": "nobody", "domain": "Default", "password": "wrong"},
            "token": {"token": "gAAAAABnothing"},
            "access-key": {"access": "0" * 32, "secret": "wrong"},
            "application-credential": {"credential_id": "0" * 32, "secret": "wrong"},
        }.items()
    }
    assert {way: answer.status_code for way, answer in told.items()} == dict.fromkeys(told, 401)


@pytest.mark.parametrize("page", ["vaults", "backups", "operation-logs"])
def test_another_project_s_things_are_not_there(stack: FullStack, page: str):
    browser = Browser(stack.installation.url)
    assert browser.sign_in("token", token=stack.other.session.get_token()).status_code == 303
    assert browser.get(f"/console/{page}").status_code == 200
    assert stack.cloud_objects.prefix not in browser.get(f"/console/{page}").text
