"""Ports for servers that cannot take a socket which is already bound."""

from __future__ import annotations

import socket

START_TRIES = 5
"""A free port may be lost before the server has it; then another one is tried."""


def free_port() -> int:
    """Return a port of the loopback address that was free just now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
