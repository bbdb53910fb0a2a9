"""The caches of an app: wrapped as they are made, and what they held when a worker became ready."""

import hmac
import os
import time
from collections.abc import Iterator
from inspect import signature
from typing import Any

from django.conf import settings
from django.core.cache import CacheHandler, caches
from django.core.cache.backends import locmem
from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.locmem import LocMemCache

from harness import wire
from harness.probe.methods import METHODS, Probe, ProbeWithOptions
from harness.probe.tally import Tally

Entry = tuple[str, float | None]
"""A key as lookups name it, and its remaining lifetime; None: no timeout, below 0: expired."""


def note_inherited(tally: Tally) -> None:
    """Record the entries of LocMem caches, and reset the counts if there are no other caches.

    Lookups and writes until now belong to no request. Their effect on LocMem is in the recorded
    entries; their effect on a cache server is unknown, so then they stay counted.
    """
    if not settings.configured:
        return
    now = time.time()
    inherited = {
        alias: {"at_s": now, "entries": entries(cache, now)} for alias, cache in _filled_caches()
    }
    if inherited:
        tally.note_inherited(inherited)
    if all(isinstance(caches[alias], LocMemCache) for alias in tally.caches):
        tally.forget()


def entries(cache: LocMemCache, now: float) -> list[Entry]:
    """Return all entries, the least recently used first, expired ones included."""
    inside: Any = cache
    with inside._lock:
        raw_keys = list(reversed(inside._cache))
        expire = {key: inside._expire_info.get(key) for key in raw_keys}
    return [
        (named(cache, raw), None if expire[raw] is None else expire[raw] - now) for raw in raw_keys
    ]


def named(cache: BaseCache, raw: str) -> str:
    """Return the key from which `cache` makes `raw`, as lookups name it.

    `raw` itself where no such key is found, as with a key function that hashes.
    """
    try:
        start = str(cache.make_key(""))
        if raw.startswith(start) and cache.make_key(raw[len(start) :]) == raw:
            return raw[len(start) :]
        version, _, key = raw.removeprefix(f"{cache.key_prefix}:").partition(":")
        same = str(cache.key_func(key, cache.key_prefix, version)) == raw
        return f"{key};version={version}" if same else raw
    except Exception:  # the app's own key function may refuse keys that the app never passes
        return raw


def _filled_caches() -> Iterator[tuple[str, LocMemCache]]:
    """Yield the caches that have entries, by alias; no others are built."""
    for alias, configured in settings.CACHES.items():
        held = locmem._caches.get(configured.get("LOCATION", ""))  # type: ignore[attr-defined]
        if held and isinstance(cache := caches[alias], LocMemCache):
            yield alias, cache


_Slots = type("_Slots", (), {"__slots__": METHODS})


def install(tally: Tally) -> None:
    """Make Django build every cache of this process wrapped; drop those it has built already."""
    build = CacheHandler.create_connection

    def create_connection(self: CacheHandler, alias: str) -> BaseCache:
        return wrap(build(self, alias), alias, tally)

    CacheHandler.create_connection = create_connection  # type: ignore[method-assign]
    # Before the app is loaded its settings must not be read: its WSGI module names them.
    if settings.configured:
        _drop_built()


def _drop_built() -> None:
    """Drop the caches that a preloaded app built before the fork, so that they are built wrapped.

    Their state is elsewhere, in the backend's module or in a server: nothing is lost.
    """
    built = caches._connections  # type: ignore[attr-defined]
    for alias in [alias for alias in caches if hasattr(built, alias)]:
        del caches[alias]


def wrap(bare: BaseCache, alias: str, tally: Tally) -> BaseCache:
    """Return a cache that behaves like `bare` and records each lookup in `tally`."""
    backend = type(bare)
    tally.note_cache(
        alias,
        {
            "backend": f"{backend.__module__}.{backend.__qualname__}",
            "timeout_s": bare.default_timeout,
            "max_entries": bare._max_entries,
            "cull_frequency": bare._cull_frequency,
            "store": _store(alias),
        },
    )
    wrapped: Any = object.__new__(_probed(backend))
    wrapped.__dict__ = bare.__dict__
    plain = list(signature(backend.get).parameters) == list(signature(BaseCache.get).parameters)
    probe = (Probe if plain else ProbeWithOptions)(bare, alias, tally)
    for name in METHODS:
        setattr(wrapped, name, getattr(probe, name))
    return wrapped  # type: ignore[no-any-return]


def _store(alias: str) -> str:
    """Return a name that aliases of the same entries share; it reveals no address, no password.

    "" where it is unknown, as for a cache that is not in the settings.
    """
    configured = settings.CACHES.get(alias) if settings.configured else None
    if configured is None:
        return ""
    identity = repr(
        [configured.get(name, "") for name in ("BACKEND", "LOCATION", "KEY_PREFIX", "VERSION")]
    )
    key = os.environ.get(wire.ENV_TOKEN, "").encode()
    return hmac.new(key, identity.encode(), "sha256").hexdigest()[:12]


def _probed(backend: type[BaseCache]) -> type[BaseCache]:
    like = {name: getattr(backend, name) for name in ("__module__", "__qualname__", "__doc__")}
    return type(backend.__name__, (_Slots, backend), {"__slots__": (), **like})
