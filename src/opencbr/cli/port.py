"""The port that a server listens on is its alone, though its processes share it."""

import errno
import socket

from opencbr.cli.app import Failure


class PortTaken(Failure):
    """Somebody listens there already."""


def claim_port(host: str, port: int) -> socket.socket:
    """Bind `port` (0: any free one) for as long as the returned socket is kept, which never listens itself.

    The server's processes listen by SO_REUSEPORT, and so could any other server of this user, which would be sent a part
    of the requests with their tokens. Bound exclusively first and opened to sharing afterwards, the socket lets this
    server's processes in and refuses every other claim. Raises PortTaken, or Failure for an address that cannot be used.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise Failure(f"the address {host} is unknown here: {error.strerror}") from error
    held = socket.socket(family, socket.SOCK_STREAM)
    # Connections of a server that has just ended must not keep the next one away.
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        held.bind(address)
    except OSError as error:
        held.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(
                f"{host}:{port} is taken: another server listens there, choose another address"
            ) from error
        raise Failure(f"{host}:{port} cannot be listened on: {error.strerror}") from error
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    return held
