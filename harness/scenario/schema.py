"""The keys that a scenario may have, with their types, bounds, defaults and one sentence each.

Error messages, the JSON Schema for editors and the reference of scenario keys come from here.
Knows nothing of servers.
"""

from string import Formatter
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field
from pydantic.dataclasses import dataclass

from harness.backends import BACKENDS
from harness.scenario.bundled import SHOP_ENV

_CONFIG = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

if TYPE_CHECKING:
    BackendName = str
else:
    BackendName = Literal[tuple(BACKENDS)]  # for messages and editors: one of these

PLACEHOLDERS = (
    *("backend", "cache_url", "cache_prefix", "timeout", "max_entries"),
    *("keys", "scratch", "secret"),
)
"""The names that a value of `app.env` may have in braces."""


def _template(text: str) -> str:
    try:
        used = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError as error:
        raise ValueError(f"balanced braces ({error})") from None
    if unknown := used - set(PLACEHOLDERS):
        raise ValueError(
            f"only the placeholders {', '.join(PLACEHOLDERS)}, not {', '.join(sorted(unknown))}"
        )
    return text


def _distinct(values: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(set(values)) < len(values):
        raise ValueError("each value once")
    return values


_MOST = 100_000_000
Count = Annotated[int, Field(ge=1, le=_MOST)]
Workers = Annotated[int, Field(ge=1, le=512)]
Seconds = Annotated[float, Field(gt=0, le=1_000_000)]
# A control character would reach terminals and logs; a NUL ends in an error of the system.
PlainText = Annotated[str, Field(pattern=r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f]*$")]
Text = Annotated[PlainText, Field(min_length=1)]
# It names the run's directory.
Name = Annotated[str, Field(pattern=r"^[^./\\\x00-\x1f\x7f-\x9f][^/\\\x00-\x1f\x7f-\x9f]*$")]
Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Template = Annotated[PlainText, AfterValidator(_template)]


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Action:
    """Something that is done to the servers once in each trial."""

    at: float = Field(gt=0, lt=1, description="The share of the trace after which it is done.")
    do: Literal["reload", "kill-worker", "restart", "scale", "restart-cache"] = Field(
        description="What is done."
    )
    slot: Annotated[int, Field(ge=1, le=512)] | Literal["busiest"] | None = Field(
        default=None, description='The worker that kill-worker ends: its number, or "busiest".'
    )
    workers: Annotated[int, Field(ge=-512, le=512)] | None = Field(
        default=None, description="How many workers scale adds, or removes if it is negative."
    )


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Expect:
    """What must hold for a metric in every trial that `where` matches.

    Trials are matched by backend, workers, servers, threads, worker_class and any key that varies,
    dotted or by its last word.
    """

    metric: Text = Field(description="The metric, by its name.")
    where: dict[str, Any] = Field(
        default_factory=dict, description="The trials that it applies to; by default all."
    )
    at_least: float | None = Field(default=None, description="The lower bound.")
    at_most: float | None = Field(default=None, description="The upper bound.")
    between: tuple[float, float] | None = Field(default=None, description="Lower and upper bound.")
    ratio_to: dict[str, Any] | None = Field(
        default=None,
        description="Bounds apply to the ratio to the matching trial: if several match, to the one "
        "that is most similar in all keys that are not given here.",
    )
    as_predicted: bool = Field(
        default=False, description="Whether the value must be inside its predicted interval."
    )
    fails_for: dict[str, Any] | None = Field(
        default=None,
        description="The trials without the fault, in which the expectation must fail: a bound "
        "that holds there as well proves nothing.",
    )


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Matrix:
    """What varies: there is one trial for each combination, at most 1,000 in all."""

    backend: Annotated[tuple[BackendName, ...], AfterValidator(_distinct)] = Field(
        default=("locmem", "redis"), min_length=1, description="The cache backends to compare."
    )
    workers: Annotated[tuple[Workers, ...], AfterValidator(_distinct)] = Field(
        default=(1, 2, 4, 8),
        min_length=1,
        description="The numbers of Gunicorn workers per server.",
    )
    copies: int = Field(
        default=1,
        ge=1,
        le=8,
        description="How often each trial is repeated, to compare like with like.",
    )
    optional: tuple[BackendName, ...] = Field(
        default=(),
        description="The backends that are skipped, and named, if their server is unavailable.",
    )
    vary: dict[str, Annotated[tuple[Any, ...], Field(min_length=1)]] = Field(
        default_factory=dict,
        description="Any other key of the scenario, dotted, with the list of its values.",
    )
    cases: tuple[Annotated[dict[str, Any], Field(min_length=1)], ...] = Field(
        default=(),
        description="Tables of dotted keys that change together. Each is combined with all values "
        "of `vary`, and may also set `matrix.workers` and `matrix.backend`.",
    )


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Server:
    """The servers of a trial, and Gunicorn's own settings for each of them."""

    servers: int = Field(
        default=1, ge=1, le=16, description="The number of servers; nginx balances several."
    )
    balancer: bool = Field(
        default=False, description="Whether nginx is in front of a single server too."
    )
    routing: Literal["round-robin", "uri-hash"] = Field(
        default="round-robin",
        description='How nginx chooses a server; "uri-hash" sends an address always to the same.',
    )
    worker_class: Literal["sync", "gthread"] = Field(
        default="sync", description="The worker class."
    )
    threads: int = Field(default=1, ge=1, le=512, description="Threads of each worker.")
    keep_alive_s: int = Field(
        default=2,
        ge=0,
        le=86_400,
        description="How long gthread keeps an idle connection open; 0 closes each one.",
    )
    preload: bool = Field(
        default=False, description="Whether the app is loaded once, before the workers are forked."
    )
    max_requests: int = Field(
        default=0,
        ge=0,
        le=_MOST,
        description="Requests after which a worker is replaced; 0 is never.",
    )
    max_requests_jitter: int = Field(
        default=0, ge=0, le=_MOST, description="The largest random addition to max_requests."
    )
    boot_timeout_s: Seconds = Field(
        default=30.0, description="How long the workers of a trial may take to boot."
    )


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Cache:
    """Django's own settings of the cache."""

    timeout_s: int = Field(
        default=300,
        ge=0,
        le=2**31 - 1,
        description="TIMEOUT: when an entry expires; with 0 entries never expire.",
    )
    max_entries: int = Field(
        default=10_000,
        ge=1,
        le=2**31 - 1,
        description="MAX_ENTRIES: what the cache holds before it culls.",
    )


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Load:
    """What Locust does in each trial."""

    locustfile: Text = Field(
        default="catalog.py",
        description="The Locust file: a path, also relative to the scenario, or a bundled one.",
    )
    requests: Count = Field(default=3000, description="Requests of each trial.")
    users: int = Field(default=8, ge=1, le=10_000, description="Concurrent users.")
    keys: Count = Field(default=300, description="Different keys that are requested.")
    zipf: float = Field(
        default=1.0,
        ge=0,
        le=100,
        description="Popularity of a key is 1 / rank ** zipf; 0 is uniform.",
    )
    rounds: Count = Field(
        default=1,
        description="Parts of the trace. With more than 1, the trials of a comparison run at the "
        "same time and take turns, part by part.",
    )
    arrival_rate_per_second: Annotated[float, Field(gt=0, le=1_000_000)] | None = Field(
        default=None,
        description="The rate at which requests are due, answered or not. Without it each user "
        "waits for its answer.",
    )
    time_limit_s: Seconds = Field(default=120.0, description="The time limit of a trial.")
    options: dict[str, int | float | PlainText] = Field(
        default_factory=dict, description="Options of the Locust file."
    )


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class App:
    """The Django project."""

    wsgi: Text = Field(default="demo_app.wsgi:application", description="Its WSGI callable.")
    path: PlainText = Field(
        default="", description='The directory to import it from; "" is the bundled shop.'
    )
    env: dict[Variable, Template] = Field(
        default_factory=dict,
        description=f"Its environment. Placeholders: {{{'}, {'.join(PLACEHOLDERS)}}}.",
    )
    prepare: tuple[PlainText, ...] = Field(
        default=("-m", "django", "seed_shop"),
        description="Arguments of the Python command that prepares it, once per run.",
    )

    @property
    def environ(self) -> dict[str, str]:
        """Return the app's whole environment as templates; that of the shop is complete."""
        return self.env if self.path else {**SHOP_ENV, **self.env}


@dataclass(frozen=True, slots=True, kw_only=True, config=_CONFIG)
class Scenario:
    """One question about the cache, and everything that is needed to measure the answer."""

    name: Name = Field(description="Its name; by default that of the file.")
    question: Text = Field(description="The question that the run answers.")
    lesson: PlainText = Field(default="", description="What the answer teaches.")
    topic: PlainText = Field(
        default="", description="The heading under which `harness list` has it."
    )
    claim: PlainText = Field(default="", description="What the expectations show.")
    look: PlainText = Field(default="", description="What to try in a browser.")
    evidence: tuple[PlainText, ...] = Field(
        default=(), description="The metrics that support the claim."
    )
    seed: int = Field(
        default=1,
        ge=0,
        le=2**63 - 1,
        description="The seed of the trace; the same seed gives the same keys.",
    )
    matrix: Matrix = Field(default=Matrix(), description="What varies.")
    actions: tuple[Action, ...] = Field(
        default=(), description="What is done to the servers, and when."
    )
    server: Server = Field(default=Server(), description="The servers.")
    cache: Cache = Field(default=Cache(), description="The cache.")
    load: Load = Field(default=Load(), description="The load.")
    app: App = Field(default=App(), description="The Django project.")
    expect: tuple[Expect, ...] = Field(default=(), description="What must hold.")
    short: dict[str, Any] = Field(
        default_factory=dict,
        description="The keys, dotted, that differ in a quick run.",
    )
