"""The servers of a trial: one or several Gunicorns and the balancer in front of them, as one.

Every action applies to all of its servers. Knows nothing of keys or hits.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack

from harness.record.facts import LifeFacts
from harness.servers.gunicorn import Gunicorn
from harness.servers.nginx import Nginx

StartServer = Callable[[int], Gunicorn]
"""Number of a server, from 0 -> that server, still booting."""
StartBalancer = Callable[[Sequence[str]], Nginx]
"""URLs of the servers -> a balancer that accepts connections."""


class Fleet:
    """Started servers. `url` answers once `wait_until_ready` has returned."""

    def __init__(
        self, servers: int, start: StartServer, balance: StartBalancer | None = None
    ) -> None:
        with ExitStack() as undo:
            self._servers: list[Gunicorn] = []
            for number in range(servers):
                self._servers.append(start(number))
                undo.callback(self._servers[number].stop)
            self._balancer = balance([one.url for one in self._servers]) if balance else None
            self._stack = undo.pop_all()
        if self._balancer:
            self._stack.callback(self._balancer.stop)
        self.url = self._balancer.url if self._balancer else self._servers[0].url

    def lives(self) -> tuple[LifeFacts, ...]:
        """Return every worker life until now, with its counts, server by server."""
        return tuple(life for server in self._servers for life in server.lives())

    def wait_until_ready(self) -> None:
        """Return once every worker of every server has reported.

        Raises InfrastructureError HX312 if a server ends, HX311 if a worker stays silent.
        """
        for server in self._servers:
            server.wait_until_ready()

    def check(self) -> None:
        """Raise InfrastructureError HX313 or HX315 if a server or the balancer has ended."""
        for server in self._servers:
            server.check()
        if self._balancer:
            self._balancer.check()

    def reload(self) -> None:
        """Replace every worker, server after server, as a rolling deploy does.

        Like the other actions below it raises InfrastructureError HX314 if one does not come back.
        """
        for server in self._servers:
            server.reload()

    def kill_worker(self, slot: int | None) -> tuple[int, int]:
        """Kill a worker of the first server, or for None the busiest of all.

        Return its server and slot once it is replaced.
        """
        servers = self._servers if slot is None else self._servers[:1]
        server = max(servers, key=lambda one: one.busiest)
        return self._servers.index(server), server.kill_worker(slot)

    def restart(self) -> None:
        """Stop and start again, server after server."""
        for server in self._servers:
            server.restart()

    def scale(self, by: int) -> None:
        """Add `by` workers to each server, or remove them."""
        for server in self._servers:
            server.scale(by)

    def stop(self) -> None:
        """Stop the balancer and every server, even if one of them fails to stop."""
        self._stack.close()
