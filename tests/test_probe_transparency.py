"""Whatever an app calls on a cache, a probed one gives the same answers, errors and warnings."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any, NamedTuple

import pytest
from asgiref.sync import async_to_sync
from django.core.cache.backends.base import BaseCache
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import STEADY
from tests.probing import BACKENDS, Probe, backend

pytestmark = [pytest.mark.slow, pytest.mark.servers]

KEYS: list[Any] = ["a", "b", "c", "d", 1, "1", "é", "with blank", "x" * 251, ("a", 1), [1]]
VALUES: list[Any] = [None, 0, "", [], False, True, 7, -1, 1.5, "text", {"a": [1]}, lambda: None]
TIMEOUTS: list[Any] = [None, 0, -1, 100, 100.5, "x"]
VERSIONS: list[Any] = [None, 1, 2]


class Fresh(NamedTuple):
    """An argument that is made again for each cache, because it is used up or called."""

    make: Callable[[], Any]
    text: str

    def __repr__(self) -> str:
        return self.text


def raising() -> Any:
    raise LookupError("no origin")


def generated(keys: list[Any]) -> Fresh:
    return Fresh(lambda: (key for key in keys), f"generator of {keys}")


def computed(value: Any) -> Fresh:
    return Fresh(lambda: lambda: value, f"callable for {value!r}")


key = st.sampled_from(KEYS[:4]) | st.sampled_from(KEYS)
value = st.sampled_from(VALUES)
keys = st.lists(key, max_size=4)
many = keys | keys.map(tuple) | keys.map(generated)
default = value | value.map(computed) | st.just(Fresh(lambda: raising, "callable that raises"))
delta = st.sampled_from([1, 2, -1, 0])
data = st.dictionaries(key.filter(lambda key: key != [1]), value, max_size=3)
OPTIONAL = {
    "default": st.sampled_from([None, 0, "other"]),
    "timeout": st.sampled_from(TIMEOUTS),
    "version": st.sampled_from(VERSIONS),
    "delta": delta,
}
CALLS: dict[str, tuple[list[st.SearchStrategy[Any]], str]] = {
    "get": ([key], "default version"),
    "get_many": ([many], "version"),
    "has_key": ([key], "version"),
    "get_or_set": ([key, default], "timeout version"),
    "set": ([key, value], "timeout version"),
    "add": ([key, value], "timeout version"),
    "set_many": ([data], "timeout version"),
    "touch": ([key], "timeout version"),
    "incr": ([key], "delta version"),
    "decr": ([key], "delta version"),
    "delete": ([key], "version"),
    "delete_many": ([many], "version"),
    "incr_version": ([key], "delta version"),
    "decr_version": ([key], "delta version"),
    "clear": ([], ""),
    "__contains__": ([key], ""),
    "make_key": ([key], "version"),
    "validate_key": ([st.sampled_from(["a", "with blank"])], ""),
    "close": ([], ""),
}
SYNC_ONLY = {"__contains__", "make_key", "validate_key"}


class Call(NamedTuple):
    name: str
    positional: list[Any]
    named: dict[str, Any]


@st.composite
def calls(draw: st.DrawFn) -> Call:
    """Draw any call of Django's cache API; optional arguments by place, by name, or left out."""
    name = draw(st.sampled_from([*CALLS]))
    required, optional = CALLS[name]
    names = optional.split()
    by_place = draw(st.integers(0, len(names)))
    by_name = [extra for extra in names[by_place:] if draw(st.booleans())]
    is_async = name not in SYNC_ONLY and draw(st.booleans())
    return Call(
        f"a{name}" if is_async else name,
        [draw(one) for one in required] + [draw(OPTIONAL[extra]) for extra in names[:by_place]],
        {extra: draw(OPTIONAL[extra]) for extra in by_name},
    )


def outcome(cache: BaseCache, call: Call) -> tuple[object, ...]:
    """Return what the call gives or raises, and its warnings."""
    positional = [item.make() if isinstance(item, Fresh) else item for item in call.positional]
    method = getattr(cache, call.name)
    if call.name.startswith("a") and call.name != "add":
        method = async_to_sync(method)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            answer = repr(method(*positional, **call.named))
        except Exception as error:
            answer = f"{type(error).__name__}: {error}"
    return (answer, *(f"{warning.category.__name__}: {warning.message}" for warning in warned))


def contents(cache: BaseCache) -> list[tuple[object, ...]]:
    texts = [key for key in KEYS if key != [1]]
    return [outcome(cache, Call("get", [key, "none", at], {})) for key in texts for at in (1, 2, 3)]


class Pair(NamedTuple):
    bare: BaseCache
    inner: BaseCache
    probed: BaseCache
    probe: Probe


@pytest.fixture(scope="module", params=BACKENDS)
def pair(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[Pair]:
    """Two caches of one backend with nothing in common, one of them probed."""
    scratch = tmp_path_factory.mktemp("probe")
    with backend(request.param, scratch) as make:
        bare, inner = make("bare_one"), make("probed_one")
        probe = Probe(scratch)
        yield Pair(bare, inner, probe.wrap(inner), probe)


@settings(STEADY, max_examples=50, suppress_health_check=list(HealthCheck))
@given(
    calls=st.lists(calls(), min_size=10, max_size=25),
    where=st.sampled_from(["request", "late", "outside"]),
)
def test_any_sequence_of_calls_gives_the_same_answers_errors_and_contents(
    pair: Pair, calls: list[Call], where: str
) -> None:
    pair.bare.clear()
    pair.inner.clear()
    request = nullcontext() if where == "outside" else pair.probe.request(late=where == "late")
    with request:
        for call in calls:
            assert outcome(pair.probed, call) == outcome(pair.bare, call), call
    assert contents(pair.inner) == contents(pair.bare)
