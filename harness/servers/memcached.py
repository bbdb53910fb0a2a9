"""A Memcached to measure against: the one on PATH, started by the harness. No wheel has one."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Mapping
from pathlib import Path

from harness.errors import InfrastructureError, Problem
from harness.servers.child import Child, ProcessSpec
from harness.servers.executables import executable_version
from harness.servers.ports import START_TRIES, free_port
from harness.servers.reaper import Reaper

_START_TIMEOUT_S = 10.0
# No UDP, values of more than the usual 1 MB, and no root for what needs none.
_OPTIONS = ("-U", "0", "-I", "8m", "-u", "nobody")


class MemcachedServer:
    """A Memcached that answers."""

    def __init__(self, port: int, display: str, child: Child) -> None:
        self.urls = {"memcached": f"127.0.0.1:{port}"}
        self.display = display
        self._child = child

    def delete_prefix(self, prefix: str) -> None:
        """Do nothing: the server is ours, and its keys go with it."""

    def stop(self) -> None:
        """End the server."""
        self._child.stop()


def start_memcached(
    environ: Mapping[str, str],
    *,
    scratch: Path,  # noqa: ARG001 - every service is started the same way
    log: Path,
    reaper: Reaper,
) -> MemcachedServer:
    """Return a Memcached that takes connections. Raises SurroundingsError HX305."""
    executable = shutil.which("memcached", path=environ.get("PATH"))
    if not executable:
        raise _no_memcached("not on PATH", ())
    for _ in range(START_TRIES):
        port = free_port()
        command = [executable, "-l", "127.0.0.1", "-p", str(port), *_OPTIONS]
        child = Child(ProcessSpec(name="memcached", command=command, environ={}, log=log), reaper)
        if _answers(port, child):
            version = executable_version(executable, "-V", r"(memcached) (\S+)")
            return MemcachedServer(port, f"{version or 'Memcached'} (memcached on PATH)", child)
        child.stop()
    raise _no_memcached(f"did not come up in {START_TRIES} tries", child.last_lines())


def _no_memcached(what: str, lines: tuple[str, ...]) -> InfrastructureError:
    return InfrastructureError(
        Problem(
            code="HX305",
            where="memcached",
            what=what,
            details=lines,
            hint="install it (apt install memcached, brew install memcached) and the "
            '"memcached" extra, or leave the backend out',
        )
    )


def _answers(port: int, child: Child) -> bool:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while child.running and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return True
        except OSError:
            time.sleep(0.01)
    return False
