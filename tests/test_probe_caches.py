"""A probed cache looks like the cache that the app configured."""

from __future__ import annotations

from functools import partial
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any

import pytest
from django.core.cache.backends.locmem import LocMemCache

from harness.servers.gunicorn import read_lives
from tests.probing import Probe, locmem


@pytest.fixture
def probe(tmp_path: Path) -> Probe:
    return Probe(tmp_path)


@pytest.mark.parametrize("wrong", ["get", "set", "add", "get_many", "set_many", "get_or_set"])
def test_a_call_without_its_arguments_is_a_type_error_as_ever(probe: Probe, wrong: str) -> None:
    cache = probe.wrap(locmem("wrong"))
    with probe.request(), pytest.raises(TypeError):
        getattr(cache, wrong)()


def test_a_probed_cache_is_of_its_backend_class_and_shares_all_state(probe: Probe) -> None:
    bare = locmem("state", VERSION=7)
    probed: Any = probe.wrap(bare)
    probed.extra = "of the app"
    assert isinstance(probed, LocMemCache)
    assert (type(probed).__name__, type(probed).__module__) == (
        "LocMemCache",
        LocMemCache.__module__,
    )
    assert probed.version == 7
    assert vars(probed) is vars(bare)
    assert iscoroutinefunction(probed.aget)
    assert iscoroutinefunction(probed.aincr)


class ForeignCache(LocMemCache):
    """As backends from elsewhere are: more options, methods of its own, names of its choice."""

    _get = _notes = _alias = _bare = "its own"

    def get(self, key: Any, default: Any = None, version: Any = None, tag: bool = False) -> Any:
        value = super().get(key, default, version)
        return (value, "tag") if tag else value

    def set(
        self, key: Any, value: Any, timeout: Any = 60, version: Any = None, nx: bool = False
    ) -> Any:
        if nx:
            return self.add(key, value, timeout, version)
        super().set(key, value, timeout, version)
        return timeout

    def get_or_set(  # type: ignore[override]
        self, key: Any, default: Any, timeout: Any = 60, *, stale: str = ""
    ) -> Any:
        return stale or super().get_or_set(key, default, timeout)

    def own_names(self) -> list[Any]:
        return [self._get, self._notes, self._alias, self._bare]


def test_a_backend_keeps_its_own_options_defaults_methods_and_names(probe: Probe) -> None:
    cache: Any = probe.wrap(ForeignCache("foreign", {}))
    cache.clear()
    with probe.request():
        assert cache.set("a", None) == 60, "the timeout that the backend chose, not Django's"
        assert cache.get("a", "other") is None
        assert cache.get("b", "other", tag=True) == ("other", "tag")
        assert cache.get("b", "other", None, True) == ("other", "tag")
        assert cache.set("a", 2, nx=True) is False
        assert cache.get_or_set("a", 3, stale="old") == "old"
        assert cache.own_names() == ["its own"] * 4


def patched(cache: Any, seen: list[str]) -> Any:
    """Do as Django Debug Toolbar and Sentry do: put wrappers onto the cache object itself."""
    for name in ("get", "get_many", "set", "get_or_set", "has_key", "incr"):
        setattr(cache, name, partial(_seen, seen, name, getattr(cache, name)))
    return cache


def _seen(seen: list[str], name: str, original: Any, *args: Any, **options: Any) -> Any:
    seen.append(name)
    return original(*args, **options)


def use(cache: Any) -> list[Any]:
    cache.set("a", 1)
    return [cache.get("a"), cache.get_many(["a"]), cache.get_or_set("b", 2), cache.incr("a")]


def test_tools_that_patch_methods_onto_a_cache_see_the_calls_of_the_app(probe: Probe) -> None:
    seen: list[str] = []
    cache = patched(probe.wrap(locmem("patched")), seen)
    with probe.request() as recording:
        assert use(cache) == [1, {"a": 1}, 2, 2]
    assert seen == ["set", "get", "get_many", "get_or_set", "incr"]
    assert [hit for _, _, _, hit, *_ in recording.lookups] == [True, True, False]


def test_a_cache_that_was_patched_before_it_was_wrapped_is_probed_all_the_same(
    probe: Probe,
) -> None:
    seen: list[str] = []
    cache = probe.wrap(patched(locmem("patched"), seen))
    with probe.request() as recording:
        assert use(cache) == [1, {"a": 1}, 2, 2]
    assert {"set", "get", "get_many", "get_or_set", "incr"} == set(seen)
    assert [hit for _, _, _, hit, *_ in recording.lookups] == [True, True, False]


def test_a_cache_that_is_in_no_settings_is_nobodys_twin(tmp_path: Path) -> None:
    probe = Probe(tmp_path)
    probe.wrap(locmem("one"), alias="nowhere")
    probe.wrap(locmem("two"), alias="elsewhere")
    (life,) = read_lives(tmp_path)
    assert [cache.store for cache in life.caches] == ["", ""]
