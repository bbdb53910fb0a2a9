import os
import time
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db.models import Avg, Count
from django.http import HttpRequest, JsonResponse
from django.utils import timezone

from demo_app.shop.models import Review
from demo_app.shop.shared_state import LOCK_S, answer

TRY_AGAIN_S = 0.01


def report(_request: HttpRequest, number: int) -> JsonResponse:
    """Show the report on a product, from the cache if it is there."""
    locked = settings.SHOP_STAMPEDE == "lock"
    data, computed = locked_report(number) if locked else cached_report(number)
    return answer(**data, computed=computed, locked=locked)


def cached_report(number: int) -> tuple[dict[str, Any], bool]:
    """Return the report, and whether it was computed for this request.

    All requests that miss while the first is still computing compute it as well.
    """
    key = f"report:{number}"
    data = cache.get(key)
    if data is not None:
        return data, False
    data = compute_report(number)
    cache.set(key, data)
    return data, True


def locked_report(number: int) -> tuple[dict[str, Any], bool]:
    """Return the same; a request that misses waits for the lock and then reads again."""
    key = f"report:{number}"
    data = cache.get(key)
    if data is not None:
        return data, False
    while not cache.add(f"lock:{key}", os.getpid(), LOCK_S):
        time.sleep(TRY_AGAIN_S)
    try:
        return cached_report(number)
    finally:
        cache.delete(f"lock:{key}")


def compute_report(number: int) -> dict[str, Any]:
    """Query the database, and wait for the supplier's slow service."""
    reviews = Review.objects.filter(product_id=number)
    rating = reviews.aggregate(average=Avg("rating"), count=Count("pk"))
    time.sleep(settings.SHOP_ORIGIN_MS / 1000)
    computed_at = timezone.now().strftime("%H:%M:%S.%f")[:-3]
    return {**rating, "computed_by": os.getpid(), "computed_at": computed_at}
