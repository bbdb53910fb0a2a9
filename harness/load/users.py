"""The Locust user that follows a trace: all users together ask for its keys, in its order.

Works under the harness and with plain `locust -f FILE`, where the options `--keys`, `--requests`,
`--zipf` and `--seed` (also on Locust's page) say which trace. Imports Locust: only for processes
that are Locust's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import gevent
from locust import FastHttpUser, events
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.exception import StopUser

from harness.load.trace import key_sequence

BURST_POLL_S = 0.001


class Feed:
    """Hands out the keys of a trace, each once, with its position and the time it was due.

    In a closed loop a request is due when a user asks for it. With `rate_per_second` the requests
    are due at that rate from the first one on, and a user who comes early waits.
    `milestones` are positions at which `on_milestone` is called with the position.
    """

    def __init__(
        self,
        keys: list[int],
        first: int = 0,
        *,
        rate_per_second: float | None = None,
        milestones: Sequence[int] = (),
        on_milestone: Callable[[int], None] = lambda step: None,  # noqa: ARG005
    ) -> None:
        self._steps: Iterator[tuple[int, int]] = enumerate(keys, start=first)
        self._first = first
        self._interval_s = 1 / rate_per_second if rate_per_second else None
        self._begin_s: float | None = None
        self._milestones = frozenset(milestones)
        self._on_milestone = on_milestone
        self._answered = 0

    def answered(self) -> None:
        """Note that one request more is over."""
        self._answered += 1

    def wait_for_all_before(self, step: int) -> None:
        """Return once so many requests are over as there are positions before this one."""
        while self._first + self._answered < step:
            gevent.sleep(BURST_POLL_S)

    def take(self) -> tuple[int, int, float]:
        """Return (position in the trace, key, due time). Raises StopUser at its end."""
        try:
            step, key = next(self._steps)
        except StopIteration:
            raise StopUser from None
        if step in self._milestones:
            self._on_milestone(step)
        return step, key, self._due_s(step)

    def _due_s(self, step: int) -> float:
        now = time.time()
        if self._interval_s is None:
            return now
        self._begin_s = self._begin_s or now
        due_s = self._begin_s + (step - self._first) * self._interval_s
        if due_s > now:
            gevent.sleep(due_s - now)
        return due_s


class TraceUser(FastHttpUser):
    """A user who asks for the next key of the trace, until there is none left."""

    abstract = True
    step: int | None = None
    due_s: float | None = None

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        # Else a GET whose connection dies is sent again, unseen, and nobody is told that it failed.
        # A kept connection that was closed while idle is noticed before it is used.
        self.client.client.clientpool.get_client(self.host or "")._connection_pool.size = -1

    def next_key(self) -> int:
        """Return the number, from 0, of the key that the next request is for."""
        self.step, key, self.due_s = self._feed.take()
        return key

    def next_in_burst(self, size: int) -> int:
        """Return the number, from 0, of the burst of `size` requests that the next one is in.

        All of a burst are due as soon as all of the one before are over. With fewer users than
        `size` not all of them are under way at once.
        """
        self.next_key()
        burst = (self.step or 0) // size
        self._feed.wait_for_all_before(burst * size)
        self.due_s = time.time()
        return burst

    @property
    def _feed(self) -> Feed:
        feed: Feed = self.environment.feed
        return feed

    def option(self, name: str, default: Any) -> Any:
        """Return what the scenario says in `load.options`, else `default`, as with plain Locust."""
        options: Mapping[str, Any] = getattr(self.environment, "options", {})
        return options.get(name, default)

    def ask(
        self,
        path: str,
        *,
        name: str,
        read: Callable[[Any], Mapping[str, float]] = lambda answer: {},  # noqa: ARG005
        accept: Collection[int] = (200,),
        method: str = "GET",
        **request: Any,
    ) -> Any:
        """Send the request that `next_key` was called for, and return its answer.

        The numbers that `read` finds in an answer are kept beside it, as marks. Any status in
        `accept` is a success; an answer that cannot be read is a failure.
        """
        try:
            with self.client.request(
                method, path, name=name, catch_response=True, allow_redirects=False, **request
            ) as answer:
                if answer.status_code in accept:
                    try:
                        answer.request_meta["context"]["marks"] = read(answer)
                        answer.success()
                    except (LookupError, TypeError, ValueError) as error:
                        answer.failure(f"cannot be read: {error!r}")
            return answer
        finally:
            self._feed.answered()

    def context(self) -> dict[str, Any]:
        """Return what `events.request` tells of each request beside Locust's own facts."""
        return {"step": self.step, "due_s": self.due_s}


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]
def _add_trace_options(parser: LocustArgumentParser) -> None:
    options = parser.add_argument_group("trace", "the keys that users ask for")
    options.add_argument("--keys", type=int, default=300, help="how many keys there are")
    options.add_argument("--zipf", type=float, default=1.0, help="exponent of their popularity")
    options.add_argument("--requests", type=int, default=100_000, help="length of the trace")
    options.add_argument("--seed", type=int, default=1, help="of the trace")


@events.test_start.add_listener  # type: ignore[untyped-decorator]
def _start_feed(environment: Environment, **_: object) -> None:
    """Begin the trace that the options describe; the harness brings its own feed instead."""
    options = environment.parsed_options
    if options is not None:
        keys = key_sequence(
            keys=options.keys, zipf=options.zipf, requests=options.requests, seed=options.seed
        )
        environment.feed = Feed(keys.tolist())  # type: ignore[attr-defined]
