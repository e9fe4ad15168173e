"""A browser as far as signing in needs one: cookies, the token of forms, an address of its own."""

import itertools
import re
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from opencbr.console.sign_in.pages import ENDED

_ADDRESSES = (f"127.1.{high}.{low}" for high, low in itertools.product(range(1, 250), range(1, 250)))


class _From(HTTPAdapter):
    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        super().init_poolmanager(*args, source_address=(self._address, 0), **more)


class Browser:
    """Follows no redirect by itself; failures of one browser are counted for no other's address."""

    def __init__(self, url: str, address: str | None = None) -> None:
        self.url, self.session = url, requests.Session()
        self.address = address or next(_ADDRESSES)
        self.session.mount("http://", _From(self.address))

    def get(self, path: str, **headers: str) -> requests.Response:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.session.get(self.url + path, headers=given, allow_redirects=False, timeout=60)

    def token_of_form(self, path: str = "/console/sign-in") -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.get(path).text)
        assert found
        return found[1]

    def post(self, path: str, form: str = "/console/sign-in", **fields: str) -> requests.Response:
        """Send a form, as the page `form` has it."""
        data = {"csrf_token": self.token_of_form(form), **fields}
        return self.session.post(self.url + path, data=data, allow_redirects=False, timeout=60)

    def sign_in(self, way: str, **fields: str) -> requests.Response:
        return self.post(f"/console/sign-in/{way}", **fields)

    @property
    def cookie(self) -> str:
        return self.session.cookies.get("opencbr", "")

    def is_in(self) -> bool:
        """Say whether the first page is shown; else it leads to the form."""
        answer = self.get("/console")
        if answer.status_code != 200:
            assert answer.status_code == 303
            assert answer.headers["Location"].startswith("/console/sign-in")
        return answer.status_code == 200

    def is_told_of_the_end(self) -> bool:
        """Say whether the form says that the session is over."""
        return ENDED in self.get("/console/sign-in").text


def message(answer: requests.Response) -> str:
    """Return what a page says in its notice, "" where it has none."""
    found = re.search(r'role="alert">([^<]*)<', answer.text)
    return found[1] if found else ""
