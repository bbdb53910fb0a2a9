"""Addresses for servers: ports of the loopback interface, and a directory for unix sockets."""

import re
import socket
from pathlib import Path

from harness.errors import InfrastructureError, Problem
from harness.servers.reaper import Reaper

BACKLOG = 2048
START_TRIES = 5
"""A free port may be taken before the server binds it; then another one is tried."""

_SHORT_PLAIN_PATH = re.compile(r"[\w./-]{1,90}", re.ASCII)
_SHORT_PARENT = Path("/tmp")


def free_port() -> int:
    """Return a port of the loopback interface that was free a moment ago."""
    with listen() as probe:
        return int(probe.getsockname()[1])


def listen(port: int = 0) -> socket.socket:
    """Return a socket that accepts connections at `port`, 0 for any free one.

    Raises InfrastructureError HX308 if the port is unavailable.
    """
    try:
        return socket.create_server(("127.0.0.1", port), backlog=BACKLOG)
    except OSError as error:
        raise InfrastructureError(
            Problem(
                code="HX308",
                where=f"port {port}" if port else "any port",
                what=f"unavailable: {error.strerror}",
                hint="choose another port, or none to get one that is free",
            )
        ) from error


def socket_directory(scratch: Path, reaper: Reaper) -> Path:
    """Return `scratch` if unix sockets can be in it, else a new directory with a short name.

    The path of a socket has at most 103 bytes, and it is part of URLs. The new directory is
    removed when the harness ends.
    """
    usable = _SHORT_PLAIN_PATH.fullmatch(str(scratch))
    return scratch if usable else reaper.make_directory(_SHORT_PARENT)
