"""The Locust user that follows a trace: all users together request its keys, in its order.

Works under the harness and with plain `locust -f FILE`, where the options `--keys`, `--requests`,
`--zipf` and `--seed` (also on Locust's page) describe the trace. Imports Locust: only for the
process that is Locust's.
"""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import gevent
from locust import FastHttpUser, events
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.exception import StopUser

from harness.load.trace import key_sequence

Fields = Mapping[str, float]

# Option of plain Locust -> default and help.
TRACE_OPTIONS = {
    "keys": (300, "number of keys"),
    "zipf": (1.0, "exponent of their popularity"),
    "requests": (100_000, "length of the trace"),
    "seed": (1, "of the trace"),
}


@dataclass(slots=True)
class Feed:
    """Hands out the keys of a trace, each once, with its position and the time it is due.

    In a closed loop a request is due when a user asks for its key. With `rate_per_second` the
    requests are due at that rate from the first one on, and a user who comes early waits.
    `milestones` are positions at which `on_milestone` is called with the position. `answered`
    counts the requests that are over.
    """

    keys: list[int]
    first: int = 0
    rate_per_second: float | None = None
    milestones: Collection[int] = ()
    on_milestone: Callable[[int], None] = lambda step: None  # noqa: ARG005
    answered: int = 0
    _taken: int = 0
    _begin_s: float = 0.0

    def take(self) -> tuple[int, int, float]:
        """Return (position in the trace, key, due time). Raises StopUser at its end."""
        index, now = self._taken, time.time()
        if index == len(self.keys):
            raise StopUser
        self._taken += 1
        step, due_s = self.first + index, now
        if step in self.milestones:
            self.on_milestone(step)
        if self.rate_per_second:
            self._begin_s = self._begin_s or now
            due_s = self._begin_s + index / self.rate_per_second
        if due_s > now:
            gevent.sleep(due_s - now)
        return step, self.keys[index], due_s


class TraceUser(FastHttpUser):
    """A user who requests the next key of the trace, until there is none left."""

    abstract = True
    step: int | None = None
    due_s: float | None = None
    trace_feed: ClassVar[Feed]
    trace_options: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        # Else a GET whose connection dies is sent again, and no failure is recorded. A keep-alive
        # connection that was closed while idle is noticed before it is used.
        self.client.client.clientpool.get_client(self.host or "")._connection_pool.size = -1

    def next_key(self) -> int:
        """Return the number, from 0, of the key that the next request is for."""
        self.step, key, self.due_s = self.trace_feed.take()
        return key

    def next_in_burst(self, size: int) -> int:
        """Return the number, from 0, of the burst of `size` requests that the next one is in.

        All of a burst are due as soon as all of the one before are over. With fewer users than
        `size` they are not all sent concurrently.
        """
        self.next_key()
        feed, burst = self.trace_feed, (self.step or 0) // size
        while feed.first + feed.answered < burst * size:
            gevent.sleep(0.001)
        self.due_s = time.time()
        return burst

    def option(self, name: str, default: Any) -> Any:
        """Return the scenario's value in `load.options`; `default` without one, or without it."""
        return self.trace_options.get(name, default)

    def ask(
        self,
        path: str,
        *,
        name: str,
        read: Callable[[Any], Fields] = lambda answer: {},  # noqa: ARG005
        accept: Collection[int] = (200,),
        method: str = "GET",
        **request: Any,
    ) -> Any:
        """Send the request that `next_key` was called for, and return its answer.

        The numbers that `read` finds in an answer are kept as its response fields. Any status in
        `accept` is a success; an answer that cannot be read is a failure.
        """
        try:
            with self.client.request(
                method, path, name=name, catch_response=True, allow_redirects=False, **request
            ) as answer:
                if answer.status_code in accept:
                    try:
                        answer.request_meta["context"]["fields"] = read(answer)
                        answer.success()
                    except (LookupError, TypeError, ValueError) as error:
                        answer.failure(f"cannot be read: {error!r}")
            return answer
        finally:
            self.trace_feed.answered += 1

    def context(self) -> dict[str, Any]:
        """Return what `events.request` reports of each request besides Locust's own facts."""
        return {"step": self.step, "due_s": self.due_s}


def json_fields(*names: str, **known: float) -> Callable[[Any], Fields]:
    """Return a `read` for `ask`: the numbers of these names in an answer in JSON, and `known`."""
    return lambda answer: {**known, **{name: answer.json()[name] for name in names}}


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]
def _add_trace_options(parser: LocustArgumentParser) -> None:
    options = parser.add_argument_group("trace", "the keys that users request")
    for name, (default, text) in TRACE_OPTIONS.items():
        options.add_argument(f"--{name}", type=type(default), default=default, help=text)


@events.test_start.add_listener  # type: ignore[untyped-decorator]
def _start_feed(environment: Environment, **_: object) -> None:
    """Begin the trace that the options describe; the harness brings its own feed instead."""
    if environment.parsed_options:
        trace = {name: getattr(environment.parsed_options, name) for name in TRACE_OPTIONS}
        TraceUser.trace_feed = Feed(key_sequence(**trace).tolist())
