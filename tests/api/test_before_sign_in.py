"""What nobody gets who has not signed in: their body read, their answer kept on the way; and what the log says of them."""

import io
import logging
import socket

import pytest

from opencbr.observe import log

from .api_server import ApiServer
from .protected_cloud import refused


@pytest.mark.parametrize(
    "authorization", ["", "SDK-HMAC-SHA256 Access=nobody, SignedHeaders=x-sdk-date, Signature=00"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_body_that_never_comes_is_not_waited_for(cbr: ApiServer, method, authorization):
    host, _, port = cbr.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as line:
        head = f"{method} /v3/{cbr.project()}/vaults HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n"
        if authorization:
            head += f"Authorization: {authorization}\r\nX-Sdk-Date: 20260131T120000Z\r\n"
        line.sendall(f"{head}\r\n".encode())
        assert line.recv(64).split()[1] in {b"401", b"405"}


@pytest.mark.parametrize("path", ["backups", "backups/nonsense", "/healthz", "/nowhere"])
def test_no_answer_is_kept_on_the_way_or_guessed_at(cbr: ApiServer, path):
    headers = cbr.call("GET", path).headers
    assert (headers["Cache-Control"], headers["X-Content-Type-Options"]) == ("no-store", "nosniff")


def test_a_log_line_names_its_request(cbr: ApiServer):
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    text = io.StringIO()
    log.configure("info", stream=text)
    cbr.cloud.faults.inject(service="compute", status=503, times=0)
    try:
        answer = cbr.call("GET", "protectables/server/instances")
    finally:
        cbr.cloud.faults.clear()
        root.handlers[:], root.level = before, level
    assert answer.status_code == 503
    assert f"[{answer.headers['X-Request-Id']}]" in text.getvalue()


@pytest.mark.parametrize("account", [None, "demo"])
def test_a_query_without_an_end_is_refused_before_anything_is_done_for_it(cbr: ApiServer, account):
    """To check a signature, each parameter is decoded and sorted: sixty kilobytes of them took a second."""
    path = f"/v3/{cbr.project()}/vaults?" + "&".join(["limit="] * 513)
    refused(cbr.call("GET", path, account=account), 400, "9900", "more than 512 parameters")
    fits = cbr.call("GET", path.removesuffix("&limit="), account=account)
    assert fits.status_code == (200 if account else 401)
