"""A Django app of one page: quick to boot, slow or faulty as its environment asks.

TINY_SLEEP_S is how long the page takes after its lookup; TINY_FAULT names what goes wrong.
"""

import os
import signal
import time
from collections.abc import Callable, Iterable
from typing import Any

from django.core.cache import cache
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

FAULT = os.environ.get("TINY_FAULT", "")
SLEEP_S = float(os.environ.get("TINY_SLEEP_S", "0"))

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
    text = cache.get(f"page:{number}")
    if text is None:
        text = f"page {number}"
        cache.set(f"page:{number}", text)
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
