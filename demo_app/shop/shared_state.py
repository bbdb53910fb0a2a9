"""Views that are right only if all processes share the cache: counters, locks, limits, notes."""

import os
import time
from typing import Any

from django.conf import settings
from django.core.cache import cache, caches
from django.http import HttpRequest, JsonResponse

from demo_app.shop.models import Review

LOCK_S = 60
LIMIT_WINDOW_S = 3600


def count_by_incr(_request: HttpRequest, page: str) -> JsonResponse:
    """Count a visit in one step: no other can come between."""
    key = f"visits:{page}"
    cache.add(key, 0, timeout=None)
    latest = latest_review()
    return answer(visits=cache.incr(key), latest=latest)


def count_by_get_and_set(_request: HttpRequest, page: str) -> JsonResponse:
    """Count a visit in two steps, with the page's own work in between."""
    key = f"visits-by-set:{page}"
    cache.add(key, 0, timeout=None)
    visits = cache.get(key) + 1
    latest = latest_review()
    cache.set(key, visits, timeout=None)
    return answer(visits=visits, latest=latest)


def run_alone(_request: HttpRequest, job: str) -> JsonResponse:
    """Do a job unless it is being done already: `cache.add` is the lock."""
    key = f"lock:{job}"
    if not cache.add(key, os.getpid(), LOCK_S):
        return answer(status=409, ran=False)
    started_at = time.time()
    try:
        do_job()
        ended_at = time.time()
    finally:
        cache.delete(key)
    return answer(ran=True, started_at=started_at, ended_at=ended_at)


def run_once(_request: HttpRequest, job: str) -> JsonResponse:
    """Do a job unless it has been done before: what `cache.add` stores is never removed."""
    first = cache.add(f"once:{job}", os.getpid(), timeout=None)
    if first:
        do_job()
    return answer(ran=first)


def search(_request: HttpRequest, client: str) -> JsonResponse:
    """Answer a search, but only SHOP_LIMIT of them per client and hour."""
    key = f"searches:{client}"
    cache.add(key, 0, LIMIT_WINDOW_S)
    allowed = cache.incr(key) <= settings.SHOP_LIMIT
    return answer(status=200 if allowed else 429, allowed=allowed, limit=settings.SHOP_LIMIT)


def notes(_request: HttpRequest, name: str) -> JsonResponse:
    """Look for a note in one cache, then leave one under the same key in the other."""
    found = caches["inbox"].get(name)
    caches["outbox"].set(name, f"left by process {os.getpid()}")
    return answer(found=found, same_location=settings.SHOP_LOCATIONS == "same")


def answer(*, status: int = 200, **content: Any) -> JsonResponse:
    """Return a response that also says which process has answered."""
    return JsonResponse({**content, "answered_by": os.getpid()}, status=status)


def latest_review() -> str:
    """Query the database for what the page shows."""
    return Review.objects.order_by("-pk").values_list("text", flat=True).first() or ""


def do_job() -> None:
    """Wait, like a job that sends mail or calls another service."""
    time.sleep(settings.SHOP_JOB_MS / 1000)
