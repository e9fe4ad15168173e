"""A server with its console, and a browser that one click has signed in; modules that want another have their own."""

from collections.abc import Iterator

import pytest

from api.api_server import ApiServer, open_server
from opencbr.democloud import DemoCloud, Timing
from support.databases import SQLITE, Databases

from .browser import Browser


@pytest.fixture(scope="module", name="cbr")
def _cbr(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[ApiServer]:
    folder = tmp_path_factory.mktemp("console")
    with (
        DemoCloud(folder / "cloud", timing=Timing.instant()) as cloud,
        databases.fresh(SQLITE, folder) as url,
        open_server(folder, cloud, url, one_click=("demo",)) as cbr,
    ):
        yield cbr


@pytest.fixture(scope="module", name="browser")
def _browser(cbr: ApiServer) -> Browser:
    browser = Browser(cbr.url)
    assert browser.sign_in("one-click", user="demo").status_code == 303
    return browser
