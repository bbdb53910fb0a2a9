"""The keys a scenario may have, with their types, bounds and defaults.

The docstrings and bounds here are what the error messages and `harness show` are made of.
Knows nothing of servers.
"""

from __future__ import annotations

from string import Formatter
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field
from pydantic.dataclasses import dataclass

from harness.backends import BACKENDS

_CONFIG = ConfigDict(extra="forbid", strict=True)

if TYPE_CHECKING:
    BackendName = str
else:
    BackendName = Literal[tuple(BACKENDS)]  # for messages and editors: one of these

PLACEHOLDERS = (
    *("backend", "cache_url", "cache_prefix", "timeout", "max_entries"),
    *("keys", "scratch", "secret"),
)
"""What `app.env` may ask for in braces."""


SHOP_ENV = {
    "DJANGO_SETTINGS_MODULE": "demo_app.settings",
    "SHOP_DATABASE": "{scratch}/shop.sqlite3",
    "SHOP_SECRET_KEY": "{secret}",
    "SHOP_CACHE": "{backend}",
    "SHOP_CACHE_URL": "{cache_url}",
    "SHOP_CACHE_FILES": "{scratch}/{cache_prefix}",
    "SHOP_CACHE_TABLE": "{cache_prefix}",
    "SHOP_CACHE_PREFIX": "{cache_prefix}",
    "SHOP_CACHE_TIMEOUT": "{timeout}",
    "SHOP_CACHE_MAX_ENTRIES": "{max_entries}",
    "SHOP_PRODUCTS": "{keys}",
}
"""How the bundled shop is told what to use."""


def _template(text: str) -> str:
    try:
        asked = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError as error:
        raise ValueError(f"braces that fit together ({error})") from None
    if unknown := asked - set(PLACEHOLDERS):
        raise ValueError(
            f"only the placeholders {', '.join(PLACEHOLDERS)}, not {', '.join(sorted(unknown))}"
        )
    return text


def _distinct(values: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(set(values)) < len(values):
        raise ValueError("each value once")
    return values


Count = Annotated[int, Field(ge=1)]
Workers = Annotated[int, Field(ge=1, le=512)]
Seconds = Annotated[float, Field(gt=0)]
Text = Annotated[str, Field(min_length=1)]
Template = Annotated[str, AfterValidator(_template)]


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Action:
    """What is done to the servers when the share `at` of the trace has been asked for.

    `slot` is the worker that kill-worker ends: its number, or "busiest". `workers` is how many
    scale adds, or takes away.
    """

    at: Annotated[float, Field(gt=0, lt=1)]
    do: Literal["reload", "kill-worker", "restart", "scale", "restart-cache"]
    slot: Annotated[int, Field(ge=1)] | Literal["busiest"] | None = None
    workers: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Expect:
    """What must hold of `metric` in every trial that `where` describes, and fail in `fails_for`.

    Bounds are for the value, or with `ratio_to` for its ratio to that of the trial described there:
    of several the one that is most like it in all that `ratio_to` leaves open.
    `as_predicted` wants it inside of its predicted interval. `fails_for` names the trials without
    the fault: a bound that they keep as well proves nothing. Trials are described by backend,
    workers, servers, threads, worker_class and whatever varies, dotted or by its last word.
    """

    metric: Text
    where: dict[str, Any] = Field(default_factory=dict)
    at_least: float | None = None
    at_most: float | None = None
    between: tuple[float, float] | None = None
    ratio_to: dict[str, Any] | None = None
    as_predicted: bool = False
    fails_for: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Matrix:
    """What varies: one trial for each combination.

    `copies` above 1 repeats each of them, as a control that compares like with like. `vary` holds
    any other key of the scenario, dotted, with the values it takes in turn. `cases` are tables of
    dotted keys that change together; each is combined with all values of `vary`, and may set
    `matrix.workers` and `matrix.backend` as well. Backends that are `optional` are left out, and
    named, where their server cannot be had.
    """

    backend: Annotated[
        tuple[BackendName, ...],
        Field(min_length=1),
        AfterValidator(_distinct),
    ] = ("locmem", "redis")
    workers: Annotated[tuple[Workers, ...], Field(min_length=1), AfterValidator(_distinct)] = (
        1,
        2,
        4,
        8,
    )
    copies: Annotated[int, Field(ge=1, le=8)] = 1
    optional: tuple[BackendName, ...] = ()
    vary: dict[str, Annotated[tuple[Any, ...], Field(min_length=1)]] = Field(default_factory=dict)
    cases: tuple[Annotated[dict[str, Any], Field(min_length=1)], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Server:
    """The servers of a trial, Gunicorn's own settings for each, and how long it may take to boot.

    In front of several `servers` stands nginx, in front of one only if `balancer` is true.
    `routing` "uri-hash" always sends the same address to the same server. `keep_alive_s` is how
    long gthread keeps an idle connection, 0 to close each one; `preload` loads the app once, before
    the workers are forked.
    """

    servers: Annotated[int, Field(ge=1, le=16)] = 1
    balancer: bool = False
    routing: Literal["round-robin", "uri-hash"] = "round-robin"
    worker_class: Literal["sync", "gthread"] = "sync"
    threads: Count = 1
    keep_alive_s: Annotated[int, Field(ge=0)] = 2
    preload: bool = False
    max_requests: Annotated[int, Field(ge=0)] = 0
    max_requests_jitter: Annotated[int, Field(ge=0)] = 0
    boot_timeout_s: Seconds = 30.0


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Cache:
    """Django's own settings of the cache. `timeout_s` 0: entries never expire."""

    timeout_s: Annotated[int, Field(ge=0)] = 300
    max_entries: Count = 10_000


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Load:
    """What Locust does: `requests` in all, by `users` at once, over `keys` keys.

    `zipf` is the exponent of their popularity, 0 for all alike. With `rounds` above 1 the trials
    of a comparison are up at the same time and take turns at parts of the trace. With
    `arrival_rate_per_second` requests are due at that rate, whether or not earlier ones have been
    answered; without it each user waits for its answer. `time_limit_s` bounds one trial. `options`
    are for the Locust file.
    """

    locustfile: Text = "catalog.py"
    requests: Count = 3000
    users: Count = 8
    keys: Count = 300
    zipf: Annotated[float, Field(ge=0)] = 1.0
    rounds: Count = 1
    arrival_rate_per_second: Annotated[float, Field(gt=0)] | None = None
    time_limit_s: Seconds = 120.0
    options: dict[str, int | float | str] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class App:
    """The Django project: its WSGI callable, the directory to import it from ("" for the bundled
    shop), its environment and the arguments to Python that prepare it once per run.

    The shop is told what to use by `SHOP_ENV`, to which `env` adds.
    """

    wsgi: Text = "demo_app.wsgi:application"
    path: str = ""
    env: dict[str, Template] = Field(default_factory=dict)
    prepare: tuple[str, ...] = ("-m", "django", "seed_shop")

    @property
    def environ(self) -> dict[str, str]:
        """Return the whole environment that the app is told, as templates."""
        return self.env if self.path else {**SHOP_ENV, **self.env}


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Scenario:
    """One question to the cache, and all it takes to answer it by measuring.

    `claim` is what the expectations show, `evidence` the metrics that carry it, `topic` the heading
    that lists put it under, `look` what to try in a browser. `short` holds the keys, dotted, with
    which it is measured in a short form.
    """

    name: Text
    question: Text
    lesson: str = ""
    topic: str = ""
    claim: str = ""
    look: str = ""
    evidence: tuple[str, ...] = ()
    seed: Annotated[int, Field(ge=0)] = 1
    matrix: Matrix = Matrix()
    actions: tuple[Action, ...] = ()
    server: Server = Server()
    cache: Cache = Cache()
    load: Load = Load()
    app: App = App()
    expect: tuple[Expect, ...] = ()
    short: dict[str, Any] = Field(default_factory=dict)
