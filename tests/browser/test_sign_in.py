"""Signing in as people do: each way through its own form, and what a wrong password is told."""

import secrets
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from api.api_server import ApiServer
from console.person import Person, passcode
from opencbr.console.sign_in.pages import REFUSED

pytestmark = pytest.mark.browser


@pytest.fixture(name="person")
def _person(cbr: ApiServer) -> Iterator[Person]:
    person = Person(cbr, "", f"person-{secrets.token_hex(4)}")
    body = {"user": {"name": person.name, "password": person.password, "domain_id": "default"}}
    person.id = person.ask("POST", "/users", body).json()["user"]["id"]
    person.join(cbr.project())
    yield person
    person.ask("DELETE", f"/users/{person.id}")


def filled(page: Page, way: str, **fields: str) -> Page:
    """Open the form of a way, fill it in and send it."""
    page.goto("/console")
    form = page.locator("details", has=page.locator("summary", has_text=way))
    if form.get_attribute("open") is None:
        form.locator("summary").click()
    for label, text in fields.items():
        form.get_by_label(label.replace("_", " "), exact=True).fill(text)
    form.get_by_role("button", name="Sign in").click()
    return page


def is_in(page: Page, who: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    expect(page.locator(".who")).to_contain_text(who)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_with_a_password_and_a_project(page: Page, person: Person):
    person.join(person.cbr.project("other"))
    filled(page, "With user and password", User=person.name, Password=person.password)
    page.get_by_role("button", name="other").click()
    expect(page.locator(".who")).to_contain_text(f"{person.name} on other")
    page.get_by_role("link", name="Change project").click()
    page.get_by_role("button", name="demo").click()
    is_in(page, f"{person.name} on demo")


def test_with_a_one_time_password(page: Page, person: Person):
    person.want_a_passcode()
    filled(page, "With user and password", User=person.name, Password=person.password)
    page.get_by_role("textbox", name="One-time password").fill(passcode())
    page.get_by_role("button", name="Sign in").click()
    is_in(page, person.name)


def test_with_an_application_credential(page: Page, person: Person):
    made = person.application_credential()
    filled(page, "With an application credential", Id=made["id"], Secret=made["secret"])
    expect(page.locator(".who")).to_contain_text(person.name)
    expect(page.get_by_role("link", name="Change project")).to_have_count(0)
    is_in(page, person.name)


def test_with_a_token(page: Page, person: Person):
    filled(page, "With a Keystone token", Token=person.token(person.scope))
    is_in(page, person.name)


def test_with_an_access_key(page: Page, person: Person):
    access, secret = person.access_key()
    filled(page, "With an access key", Access_key=access, Secret_key=secret)
    is_in(page, person.name)


def test_a_wrong_password_and_a_user_who_is_none_are_told_alike(page: Page, person: Person):
    for name in (person.name, "nobody"):
        filled(page, "With user and password", User=name, Password="wrong")
        expect(page.locator("[role=alert]")).to_have_text(REFUSED)
