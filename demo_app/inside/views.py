import os
import resource
import sys
import time
from pathlib import Path

from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache
from django.http import HttpRequest, JsonResponse


def inside(_request: HttpRequest) -> JsonResponse:
    """Tell what the process that answers holds in its own memory."""
    held = held_values()
    return JsonResponse(
        {
            "answered_by": os.getpid(),
            "entries": len(held),
            "bytes": sum(map(len, held)),
            "resident_bytes": resident_bytes(),
            "looked_at": time.time(),
        }
    )


def held_values() -> list[bytes]:
    """Return the pickled values of this process's cache; none if it keeps them elsewhere."""
    cache = caches["default"]
    return list(vars(cache)["_cache"].values()) if isinstance(cache, LocMemCache) else []


def resident_bytes() -> int:
    """Return the memory that this process takes up, or has taken up at most without a /proc."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
