"""A call ends with its time whatever the other side sends: its thread and its place are free again."""

import socket
import threading
from contextlib import closing, contextmanager

import pytest
import requests

from opencbr.cloud.adapter import bound_answers

SECONDS = 0.5
"""What a call may take; its end is waited for."""
NET = 60.0
"""Seconds after which the other side gives up, and a test that hangs fails."""

HEAD = b"HTTP/1.1 200 OK\r\n"


@contextmanager
def sending(first: bytes, again: bytes, every: float):
    """Answer a connection with `first`, and then `again` as long as the client is there; yields the address."""

    def answer() -> None:
        with listener, closing(listener.accept()[0]) as client:
            client.recv(65536)
            try:
                client.sendall(first)
                for _ in range(int(NET / every)):
                    if left.wait(every):
                        return
                    client.sendall(again)
            except OSError:
                return

    left = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    server = threading.Thread(target=answer)
    server.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        left.set()
        server.join()


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (HEAD + b"X-Long: ", b"a"),
        (b"HTTP/1.1 200 ", b"K"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (HEAD + b"Content-Length: 100000\r\n\r\n", b" "),
    ],
    ids=["headers", "status", "continue", "body"],
)
def test_an_answer_that_goes_on_and_on_ends_with_the_time_of_the_call(first, again):
    session = requests.Session()
    bound_answers(session)
    with sending(first, again, 0.02) as url, pytest.raises(requests.ReadTimeout):
        session.get(url, timeout=SECONDS)


def test_a_connection_that_is_kept_has_the_whole_time_for_each_answer(demo_url):
    session = requests.Session()
    bound_answers(session)
    for _ in range(3):
        assert session.get(demo_url, timeout=NET).status_code in {200, 300}


@pytest.fixture(name="demo_url")
def _demo_url(env):
    return env.demo.auth_url
