import os

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, JsonResponse

WINDOW_S = 3600


def search(_request: HttpRequest, client: str) -> JsonResponse:
    """Answer a search, but only SHOP_LIMIT of them per client and hour."""
    allowed = searches(client) <= settings.SHOP_LIMIT
    told = {"allowed": allowed, "limit": settings.SHOP_LIMIT, "answered_by": os.getpid()}
    return JsonResponse(told, status=200 if allowed else 429)


def searches(client: str) -> int:
    """Count one more search of this client, and return how many that makes in this hour."""
    key = f"searches:{client}"
    cache.add(key, 0, WINDOW_S)
    return cache.incr(key)
