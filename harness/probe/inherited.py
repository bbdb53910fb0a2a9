"""What the caches in a worker's own memory hold when it becomes ready to serve.

A preloaded app may have filled them before the fork, any app may while it is loaded. Whoever
replays the worker's lookups has to begin with these entries.
"""

from __future__ import annotations

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
"""A key as lookups name it, and its lifetime from now on; None: for ever, below 0: expired."""


def note_held(tally: Tally) -> None:
    """Write down what LocMem caches hold, and begin to count anew where that tells everything.

    Lookups and writes from before belong to no request. What they did to LocMem is what is held;
    what they did to a server behind a cache nobody has told, so then they stay counted.
    """
    if not settings.configured:
        return
    now = time.time()
    held = {alias: entries(cache, now) for alias, cache in _filled_caches()}
    if held:
        tally.note_held({alias: {"at_s": now, "entries": told} for alias, told in held.items()})
    if all(isinstance(caches[alias], LocMemCache) for alias in tally.caches):
        tally.forget()


def entries(cache: LocMemCache, now: float) -> list[Entry]:
    """Return all entries, the least recently used first; expired ones take up place as well."""
    inside: Any = cache
    with inside._lock:
        raw_keys = list(reversed(inside._cache))
        expire = {key: inside._expire_info.get(key) for key in raw_keys}
    return [
        (named(cache, raw), None if expire[raw] is None else expire[raw] - now) for raw in raw_keys
    ]


def named(cache: BaseCache, raw: str) -> str:
    """Return the key that `cache` makes `raw` of, in the way lookups tell it.

    `raw` itself where no key is found that does, as with a key function that hashes.
    """
    try:
        return _named(cache, raw)
    except Exception:  # a key function of the app's own may refuse what it never gets from it
        return raw


def _named(cache: BaseCache, raw: str) -> str:
    start = str(cache.make_key(""))
    if raw.startswith(start) and cache.make_key(raw[len(start) :]) == raw:
        return raw[len(start) :]
    version, _, key = raw.removeprefix(f"{cache.key_prefix}:").partition(":")
    same = str(cache.key_func(key, cache.key_prefix, version)) == raw
    return f"{key};version={version}" if same else raw


def _filled_caches() -> Iterator[tuple[str, LocMemCache]]:
    """Yield the caches that hold something, by alias; no other is built by looking at it."""
    for alias, told in settings.CACHES.items():
        if locmem._caches.get(told.get("LOCATION", "")):  # type: ignore[attr-defined]
            cache = caches[alias]
            if isinstance(cache, LocMemCache):
                yield alias, cache
