"""A WSGI app, and its Django settings, whose page costs so little that Locust is the limit."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.core.cache import cache

CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

_BODY = b"x" * 2000
_HEADERS = [("Content-Type", "text/html"), ("Content-Length", str(len(_BODY)))]


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer any path, after one lookup as on a page of the shop."""
    key = environ["PATH_INFO"]
    if cache.get(key) is None:
        cache.set(key, 1)
    start_response("200 OK", _HEADERS)
    return [_BODY]
