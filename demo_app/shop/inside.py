import os
import resource
import sys
import time
from pathlib import Path

from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache
from django.http import HttpRequest, JsonResponse

from demo_app.shop.shared_state import answer


def inside(_request: HttpRequest) -> JsonResponse:
    """Show what the process that answers has cached in its own memory."""
    cache = caches["default"]
    # The pickled values; none if they are kept elsewhere.
    values = list(vars(cache)["_cache"].values()) if isinstance(cache, LocMemCache) else []
    return answer(
        entries=len(values),
        bytes=sum(map(len, values)),
        resident_bytes=resident_bytes(),
        looked_at=time.time(),
    )


def resident_bytes() -> int:
    """Return the resident memory of this process; where there is no /proc, its peak so far."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
