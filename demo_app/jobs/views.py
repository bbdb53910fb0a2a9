import os
import time

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, JsonResponse

LOCK_S = 60


def run_alone(_request: HttpRequest, job: str) -> JsonResponse:
    """Do a job, unless it is being done already: `cache.add` is the lock."""
    key = f"lock:{job}"
    if not cache.add(key, os.getpid(), LOCK_S):
        return JsonResponse({"ran": False, "answered_by": os.getpid()}, status=409)
    started_at = time.time()
    try:
        do_job()
        ended_at = time.time()
    finally:
        cache.delete(key)
    told = {"started_at": started_at, "ended_at": ended_at}
    return JsonResponse({"ran": True, **told, "answered_by": os.getpid()})


def run_once(_request: HttpRequest, job: str) -> JsonResponse:
    """Do a job, unless it has been done before: what `cache.add` stores is never removed."""
    first = cache.add(f"once:{job}", os.getpid(), timeout=None)
    if first:
        do_job()
    return JsonResponse({"ran": first, "answered_by": os.getpid()})


def do_job() -> None:
    """Wait, as a job does that sends mail or asks another service."""
    time.sleep(settings.SHOP_JOB_MS / 1000)
