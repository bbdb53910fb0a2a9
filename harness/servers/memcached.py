"""Memcached for trials: a process for each, of the one on PATH. No wheel has one."""

import shutil
import socket
from functools import partial

from harness.errors import InfrastructureError, Problem
from harness.record.facts import installed_version
from harness.servers.child import START_TRIES, Child, ProcessSpec, executable_version, free_port
from harness.servers.services import Lease, ServiceContext

CLIENTS = ("pymemcache", "pylibmc")
# No UDP, values of more than the usual 1 MB, and no root for what needs none.
_OPTIONS = ("-U", "0", "-I", "8m", "-u", "nobody")


class MemcachedService:
    """A Memcached for each lease: its `flush_all` reaches the whole server."""

    addresses = ("",)

    def __init__(self, executable: str, context: ServiceContext) -> None:
        version = executable_version(executable, "-V", r"(memcached) (\S+)") or "Memcached"
        self.display = f"{version} (memcached on PATH)"
        self._executable, self._context = executable, context
        self._children: dict[int, Child] = {}

    def open(self, _prefix: str) -> Lease:
        """Return a lease on a server that takes connections. Raises InfrastructureError HX305."""
        for _ in range(START_TRIES):
            port = free_port()
            if self._start(port):
                return Lease(
                    urls={"": f"127.0.0.1:{port}"},
                    close=partial(self._close, port),
                    restart=partial(self._restart, port),
                )
            ended = self._children.pop(port)
            ended.stop()
        raise ended.error("HX305", f"did not come up in {START_TRIES} tries")

    def stop(self) -> None:
        for child in self._children.values():
            child.stop()

    def _close(self, port: int) -> None:
        child = self._children.pop(port)
        was_running = child.running
        child.stop()
        if not was_running:
            raise child.error("HX305", "ended during the load")

    def _restart(self, port: int) -> None:
        self._children[port].stop()
        if not self._start(port):
            raise self._children[port].error("HX314", "did not come back after its restart")

    def _start(self, port: int) -> bool:
        """Start a server at `port` and return whether it takes connections."""
        self._children[port] = Child(
            ProcessSpec(
                name="memcached",
                command=[self._executable, "-l", "127.0.0.1", "-p", str(port), *_OPTIONS],
                environ={},
                log=self._context.logs / "memcached.log",
            ),
            self._context.reaper,
        )

        def answers() -> bool:
            with socket.socket() as client:
                return client.connect_ex(("127.0.0.1", port)) == 0

        return self._children[port].comes_up(answers)


def start(context: ServiceContext) -> MemcachedService:
    """Return the Memcached on PATH.

    Raises InfrastructureError HX305 if there is none, or no package through which Django uses it.
    """
    executable = shutil.which("memcached", path=context.environ.get("PATH"))
    if executable and any(map(installed_version, CLIENTS)):
        return MemcachedService(executable, context)
    raise InfrastructureError(
        Problem(
            code="HX305",
            where="memcached",
            what="on PATH, but Python has no client for it" if executable else "not on PATH",
            hint="install it (apt install memcached, brew install memcached) and the "
            '"memcached" extra, or leave the backend out',
        )
    )
