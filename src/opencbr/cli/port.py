"""The port that a server listens on is its alone, though its processes share it."""

import errno
import socket
from ipaddress import ip_address
from typing import Any

from opencbr.cli.app import Failure
from opencbr.config import authority

_BROADCAST = ip_address("255.255.255.255")


class PortTaken(Failure):
    """Somebody listens there already."""


def claim_port(host: str, port: int) -> socket.socket:
    """Bind `port` (0: any free one) for as long as the returned socket is kept, which never listens itself.

    The server's processes listen by SO_REUSEPORT, and so could any other server of this user, which would be sent a part
    of the requests with their tokens. Bound exclusively first and opened to sharing afterwards, the socket lets this
    server's processes in and refuses every other claim. Its name (`getsockname`) is the address that they listen on: they
    look nothing up. Raises PortTaken, or Failure for an address that cannot be used.
    """
    shown = authority(host, port)
    family, address = _resolved(host, port)
    if (number := ip_address(address[0])).is_multicast or number == _BROADCAST:
        # The system lets it be bound, and nobody could connect to it.
        raise Failure(f"{shown} cannot be listened on: it is no address of one machine")
    held = socket.socket(family, socket.SOCK_STREAM)
    # Connections of a server that has just ended must not keep the next one away.
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        held.bind(address)
    except OSError as error:
        held.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(
                f"{shown} is taken: another server listens there, choose another address"
            ) from error
        raise Failure(f"{shown} cannot be listened on: {error.strerror}") from error
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    return held


def _resolved(host: str, port: int) -> tuple[socket.AddressFamily, Any]:
    """Look up a name, or read an address in any of its spellings. Raises Failure."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise Failure(f"the address {host} is unknown here: {error.strerror}") from error
    except UnicodeError as error:  # a label of 64 characters, or none between two dots
        raise Failure(f"{host} is no name of a host: write an address, for instance 127.0.0.1") from error
    return family, address
