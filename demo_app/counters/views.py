import os

from django.core.cache import cache
from django.http import HttpRequest, JsonResponse

from demo_app.catalog.models import Review


def count_by_incr(_request: HttpRequest, page: str) -> JsonResponse:
    """Count a visit in one step: no other can come between."""
    key = f"visits:{page}"
    cache.add(key, 0, timeout=None)
    latest = latest_review()
    visits = cache.incr(key)
    return JsonResponse({"visits": visits, "latest": latest, "answered_by": os.getpid()})


def count_by_get_and_set(_request: HttpRequest, page: str) -> JsonResponse:
    """Count a visit in two steps, with the page's own work in between."""
    key = f"visits-by-set:{page}"
    cache.add(key, 0, timeout=None)
    visits = cache.get(key) + 1
    latest = latest_review()
    cache.set(key, visits, timeout=None)
    return JsonResponse({"visits": visits, "latest": latest, "answered_by": os.getpid()})


def latest_review() -> str:
    """Ask the database for what the page shows."""
    return Review.objects.order_by("-pk").values_list("text", flat=True).first() or ""
