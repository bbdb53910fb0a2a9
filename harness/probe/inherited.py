"""Entries that the caches in a worker's own memory have when it becomes ready to serve.

A preloaded app may have stored them before the fork, any app while it is loaded. A replay of the
worker's lookups has to start with them.
"""

import time
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.core.cache.backends import locmem
from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.locmem import LocMemCache

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
        return _named(cache, raw)
    except Exception:  # the app's own key function may refuse keys that the app never passes
        return raw


def _named(cache: BaseCache, raw: str) -> str:
    start = str(cache.make_key(""))
    if raw.startswith(start) and cache.make_key(raw[len(start) :]) == raw:
        return raw[len(start) :]
    version, _, key = raw.removeprefix(f"{cache.key_prefix}:").partition(":")
    same = str(cache.key_func(key, cache.key_prefix, version)) == raw
    return f"{key};version={version}" if same else raw


def _filled_caches() -> Iterator[tuple[str, LocMemCache]]:
    """Yield the caches that have entries, by alias; no others are built."""
    for alias, configured in settings.CACHES.items():
        if locmem._caches.get(configured.get("LOCATION", "")):  # type: ignore[attr-defined]
            cache = caches[alias]
            if isinstance(cache, LocMemCache):
                yield alias, cache
