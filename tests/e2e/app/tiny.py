"""A Django app of one page: quick to boot, slow or faulty as its environment asks.

TINY_SLEEP_S is how long the page takes after its lookup; TINY_FAULT names what goes wrong,
TINY_LOSS by which mistake its cache loses hits.
"""

import os
import signal
import time
from collections.abc import Callable, Iterable
from itertools import count
from typing import Any

from django.core.cache import cache
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

FAULT = os.environ.get("TINY_FAULT", "")
LOSS = os.environ.get("TINY_LOSS", "")
SLEEP_S = float(os.environ.get("TINY_SLEEP_S", "0"))

visitors = count()

if FAULT == "dies-at-boot":
    try:  # the first worker to come lives, all others die
        os.close(os.open("first-worker", os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        os.kill(os.getpid(), signal.SIGKILL)
if FAULT == "boots-once" and os.environ["HARNESS_GENERATION"] != "1":
    raise RuntimeError("this app boots once and never again")


def page(request: HttpRequest, number: int) -> HttpResponse:  # noqa: ARG001
    if FAULT == "fails":
        raise RuntimeError("the page is broken")
    if LOSS == "clear" and number == 5:
        cache.clear()
    key = f"page:{number}" + (f":{os.getpid()}-{next(visitors)}" if LOSS == "user-key" else "")
    text = cache.get(key)
    if text is None:
        text = f"page {number}"
        if LOSS != "no-set":
            cache.set(key, text, 0.02 if LOSS == "short-timeout" else 300)
    time.sleep(SLEEP_S)
    return HttpResponse(text)


urlpatterns = [path("products/<int:number>/", page)]
django_app = get_wsgi_application()


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer as Django does, unless the fault is one of the connection."""
    if FAULT == "drops":
        environ["gunicorn.socket"].shutdown(2)
    if FAULT == "raises":
        raise RuntimeError("no answer from this app")
    return django_app(environ, start_response)
