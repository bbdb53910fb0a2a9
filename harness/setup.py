"""What distinguishes the trials of a run: one table of axes, and a set-up as a mapping over it.

A new axis is a row of `AXES`: it is then recorded with each trial, can be named in an expectation's
`where`, and shows in labels wherever trials differ in it. Standard library only.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from types import NoneType
from typing import Any

from harness.text import UNKNOWN, number_of, size


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One thing in which trials may differ, and the dotted scenario key that sets it.

    `noun` is what a value counts. Two runs can be compared only where they have the same `identity`
    axes; the others are settings. `recorded` turns the scenario's value into the one that is kept,
    of one of the `types`. `absent` is what runs had that were recorded before there was this axis.
    """

    name: str
    key: str
    noun: str = ""
    identity: bool = False
    recorded: Callable[[Any], Any] = lambda value: value
    types: tuple[type, ...] = (int,)
    absent: Any = ...


AXES = (
    Axis(name="backend", key="matrix.backend", identity=True, types=(str,)),
    Axis(name="workers", key="matrix.workers", noun="worker", identity=True),
    Axis(name="worker_class", key="server.worker_class", identity=True, types=(str,)),
    Axis(name="servers", key="server.servers", noun="server", identity=True),
    Axis(name="threads", key="server.threads", noun="thread", identity=True),
    Axis(name="routing", key="server.routing", types=(str,), absent=""),
    Axis(
        name="timeout_s",
        key="cache.timeout_s",
        recorded=lambda seconds: seconds or None,
        types=(int, float, NoneType),
    ),
    Axis(name="max_entries", key="cache.max_entries"),
    Axis(name="max_requests", key="server.max_requests", absent=0),
)

_BY_NAME = {axis.name: axis for axis in AXES}
_KEYS = {axis.key for axis in AXES}


@dataclass(frozen=True, slots=True, eq=False)
class Setup(Mapping[str, Any]):
    """How one trial was set up: axis -> value, then dotted key -> value of whatever else varied.

    `varied` holds the dotted keys that the scenario varied, those of axes included.
    """

    axes: Mapping[str, Any]
    varied: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, scenario: Any, varied: Mapping[str, Any], **values: Any) -> "Setup":
        """Return the set-up that a scenario's keys give; `values` are axes known otherwise."""
        return cls(
            {
                axis.name: values[axis.name]
                if axis.name in values
                else axis.recorded(reduce(getattr, axis.key.split("."), scenario))
                for axis in AXES
            },
            varied,
        )

    def __getitem__(self, name: str) -> Any:
        return self.axes[name] if name in self.axes else self._others[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**self.axes, **self._others})

    def __len__(self) -> int:
        return len(self.axes) + len(self._others)

    @property
    def _others(self) -> dict[str, Any]:
        return {key: value for key, value in self.varied.items() if key not in _KEYS}

    @property
    def label(self) -> str:
        """Return backend, workers, and what the scenario varied: "redis, 4 workers, gthread"."""
        return ", ".join(
            filter(
                None,
                [str(self["backend"]), number_of(self["workers"], "worker"), self.varied_label],
            )
        )

    @property
    def varied_label(self) -> str:
        """Return what the scenario varied other than backend and workers; "" if nothing."""
        return ", ".join(
            filter(None, (word(*one) for one in self.without("backend", "workers").varied.items()))
        )

    @property
    def slug(self) -> str:
        """Return a name that fits files and key prefixes."""
        return f"{self['backend']}-{self['workers']}"

    @property
    def identity(self) -> dict[str, Any]:
        """Return what two runs must have in common to be compared, by name."""
        axes = {axis.name: self[axis.name] for axis in AXES if axis.identity}
        named = {axis.key for axis in AXES if axis.identity}
        return axes | {key: value for key, value in self.varied.items() if key not in named}

    def matches(self, where: Mapping[str, Any]) -> bool:
        """Return whether this is as described; a name may be the last word of a dotted key.

        Nothing matches a name that the set-up does not have.
        """
        named = {**self, **self.varied}
        return all(
            any(named[key] == wanted for key in named if name in (key, key.rpartition(".")[2]))
            for name, wanted in where.items()
        )

    def differs(self, other: Mapping[str, Any]) -> list[str]:
        """Return the names whose values are not the same in both."""
        return [
            name
            for name in dict.fromkeys([*self, *other])
            if self.get(name, ...) != other.get(name, ...)
        ]

    def without(self, *names: str) -> "Setup":
        """Return the set-up less some names, or the names that begin with one and a dot."""
        return Setup(_less(self.axes, names), _less(self.varied, names))

    def words(self, among: Sequence[Mapping[str, Any]]) -> str:
        """Return those values in words in which any of `among` differ; "" if none do."""
        return setup_words(self, among)


class HasSetup:
    """A record with a `setup`, whose axes it has as attributes."""

    __slots__ = ()
    setup: Setup

    @property
    def backend(self) -> str:
        return str(self.setup["backend"])

    @property
    def workers(self) -> int:
        return int(self.setup["workers"])

    @property
    def worker_class(self) -> str:
        return str(self.setup["worker_class"])

    @property
    def servers(self) -> int:
        return int(self.setup["servers"])

    @property
    def threads(self) -> int:
        return int(self.setup["threads"])

    @property
    def varied(self) -> Mapping[str, Any]:
        return self.setup.varied


def setup_words(setup: Mapping[str, Any], among: Sequence[Mapping[str, Any]]) -> str:
    """Return those values of a set-up in words in which any of `among` differ; "" if none do."""
    return ", ".join(
        filter(
            None,
            (
                word(name, value)
                for name, value in setup.items()
                if len({repr(other.get(name)) for other in among}) > 1
            ),
        )
    )


def word(name: str, value: Any) -> str:
    """Return "4 workers", "gthread", "10 kB", "reload at 0.5", "max_requests 200", "preload".

    Or "SHOP_CACHE_TIMEOUT=5" for the environment. Empty for a jitter of 0, which is none.
    """
    axis = next((one for one in AXES if name in (one.name, one.key)), None)
    short = name.rpartition(".")[2].removeprefix("max_requests_")
    if short == "jitter" and not value:
        return ""
    if axis and axis.noun:
        return number_of(value, axis.noun)
    if short in ("backend", "worker_class"):
        return str(value)
    if isinstance(value, bool):
        return short if value else f"no {short}"
    if name.lower().endswith("_bytes") and str(value).isdigit():
        return size(int(value))
    if name == "actions":
        return str(value) or "no action"
    if value == "":
        return ""
    return f"{short}{'=' if short.isupper() else ' '}{UNKNOWN if value is None else value}"


def _less(values: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    gone = {*names, *(_BY_NAME[name].key for name in names if name in _BY_NAME)}
    return {
        key: value
        for key, value in values.items()
        if key not in gone and not any(key.startswith(f"{name}.") for name in names)
    }
