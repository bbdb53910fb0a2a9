"""Memcached for trials: a process for each, of the one on PATH. No wheel has one."""

import shutil
import socket
import time
from functools import partial

from harness.errors import InfrastructureError, Problem
from harness.servers.child import Child, ProcessSpec
from harness.servers.executables import executable_version
from harness.servers.ports import START_TRIES, free_port
from harness.servers.services import Lease, ServiceContext

_START_TIMEOUT_S = 10.0
# No UDP, values of more than the usual 1 MB, and no root for what needs none.
_OPTIONS = ("-U", "0", "-I", "8m", "-u", "nobody")


class MemcachedService:
    """A Memcached for each lease: its `flush_all` reaches the whole server."""

    addresses = ("",)

    def __init__(self, executable: str, context: ServiceContext) -> None:
        version = executable_version(executable, "-V", r"(memcached) (\S+)")
        self.display = f"{version or 'Memcached'} (memcached on PATH)"
        self._executable, self._context = executable, context
        self._children: dict[int, Child] = {}

    def open(self, _prefix: str) -> Lease:
        """Return a lease on a server that takes connections. Raises InfrastructureError HX305."""
        for _ in range(START_TRIES):
            port = free_port()
            if self._answers(port):
                return Lease(
                    urls={"": f"127.0.0.1:{port}"},
                    close=partial(self._close, port),
                    restart=partial(self._restart, port),
                )
            ended = self._children.pop(port)
            ended.stop()
        raise _problem("HX305", f"did not come up in {START_TRIES} tries", ended.last_lines())

    def stop(self) -> None:
        for child in self._children.values():
            child.stop()

    def _close(self, port: int) -> None:
        child = self._children.pop(port)
        ended = not child.running
        child.stop()
        if ended:
            raise _problem("HX305", "ended during the load", child.last_lines())

    def _restart(self, port: int) -> None:
        self._children[port].stop()
        if not self._answers(port):
            lines = self._children[port].last_lines()
            raise _problem("HX314", "did not come back after its restart", lines)

    def _answers(self, port: int) -> bool:
        """Start a server at `port` and return whether it takes connections."""
        command = [self._executable, "-l", "127.0.0.1", "-p", str(port), *_OPTIONS]
        log, reaper = self._context.logs / "memcached.log", self._context.reaper
        process = ProcessSpec(name="memcached", command=command, environ={}, log=log)
        child = Child(process, reaper)
        self._children[port] = child
        deadline = time.monotonic() + _START_TIMEOUT_S
        while child.running and time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return True
            except OSError:
                time.sleep(0.01)
        return False


def start(context: ServiceContext) -> MemcachedService:
    """Return the Memcached on PATH. Raises InfrastructureError HX305 if there is none."""
    executable = shutil.which("memcached", path=context.environ.get("PATH"))
    if not executable:
        raise _problem("HX305", "not on PATH", ())
    return MemcachedService(executable, context)


def _problem(code: str, what: str, lines: tuple[str, ...]) -> InfrastructureError:
    return InfrastructureError(
        Problem(
            code=code,
            where="memcached",
            what=what,
            details=lines,
            hint="install it (apt install memcached, brew install memcached) and the "
            '"memcached" extra, or leave the backend out',
        )
    )
