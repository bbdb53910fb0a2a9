import os

from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest, JsonResponse


def notes(_request: HttpRequest, name: str) -> JsonResponse:
    """Look for a note in one cache, then leave one under the same key in the other."""
    found = caches["inbox"].get(name)
    caches["outbox"].set(name, f"left by process {os.getpid()}")
    told = {
        "found": found,
        "same_location": settings.SHOP_LOCATIONS == "same",
        "answered_by": os.getpid(),
    }
    return JsonResponse(told)
