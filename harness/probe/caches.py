"""Wraps the cache backends of `CACHES`, whatever they are, so that each lookup is recorded.

A wrapped cache is an instance of a subclass of its backend class and shares its state; its public
methods call those of the bare backend, with the arguments that the app gave. What the backend
calls on itself is therefore not counted again: `get_or_set` is one lookup, and the app gets the
same answers as without the probe.

The methods are stored in slots, which take precedence over the shared state: what a tool like
Django Debug Toolbar patches onto the wrapped cache then stays out of the bare one, and vice versa.
"""

import hmac
import os
from inspect import signature
from typing import Any

from django.conf import settings
from django.core.cache import CacheHandler, caches
from django.core.cache.backends.base import BaseCache

from harness import wire
from harness.probe.methods import METHODS, Probe, ProbeWithOptions
from harness.probe.tally import Tally

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
    probe = _probe_of(backend)(bare, alias, tally)
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
    names = ("BACKEND", "LOCATION", "KEY_PREFIX", "VERSION")
    identity = repr([configured.get(name, "") for name in names])
    key = os.environ.get(wire.ENV_TOKEN, "").encode()
    return hmac.new(key, identity.encode(), "sha256").hexdigest()[:12]


def _probed(backend: type[BaseCache]) -> type[BaseCache]:
    like = {name: getattr(backend, name) for name in ("__module__", "__qualname__", "__doc__")}
    return type(backend.__name__, (_Slots, backend), {"__slots__": (), **like})


def _probe_of(backend: type[BaseCache]) -> type[Probe]:
    plain = list(signature(backend.get).parameters) == list(signature(BaseCache.get).parameters)
    return Probe if plain else ProbeWithOptions
