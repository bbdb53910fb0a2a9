"""Ports of the loopback address: sockets to hand on, and numbers for servers that take none."""

from __future__ import annotations

import socket

from harness.errors import InfrastructureError, Problem

BACKLOG = 2048
START_TRIES = 5
"""A free port may be lost before the server has it; then another one is tried."""


def free_port() -> int:
    """Return a port of the loopback address that was free just now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def listen(port: int = 0) -> socket.socket:
    """Return a socket that takes connections at `port`, 0 for any that is free.

    Raises SurroundingsError HX308 if that one cannot be had.
    """
    try:
        return socket.create_server(("127.0.0.1", port), backlog=BACKLOG)
    except OSError as error:
        if not port:
            raise
        raise InfrastructureError(
            Problem(
                code="HX308",
                where=f"port {port}",
                what=f"cannot be had: {error.strerror}",
                hint="name another one, or none to get one that is free",
            )
        ) from error
