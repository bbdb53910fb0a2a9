"""Views of the shop: product pages and accounts, reports, and what a process has cached.

Counters, locks, limits and notes are right only if all processes share the cache.
"""

import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.core.cache import DEFAULT_CACHE_ALIAS, cache, caches
from django.core.cache.backends.locmem import LocMemCache
from django.db import connections
from django.db.models import Avg, Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from demo_app.shop.models import Product, Review


class PriceForm(forms.Form):
    price = forms.DecimalField(min_value=0, max_digits=7, decimal_places=2)


def product_list(request: HttpRequest) -> HttpResponse:
    return render(
        request, "shop/product_list.html", {"products": Product.objects.order_by("pk")[:50]}
    )


def product_detail(request: HttpRequest, pk: int) -> HttpResponse:
    key = product_key(pk)
    data = cache.get(key)
    if data is None:
        data = product_data(pk)
        cache.set(key, data)
    keep_busy(settings.SHOP_BUSY_MICROSECONDS)
    return product_page(request, data)


@require_POST
def change_price(request: HttpRequest, pk: int) -> HttpResponse:
    """Change the price of a product, and update or delete the cached page (SHOP_INVALIDATE)."""
    form = PriceForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest("price: need an amount like 12.34")
    get_object_or_404(Product, pk=pk)
    Product.objects.filter(pk=pk).update(price=form.cleaned_data["price"])
    data = product_data(pk)
    if settings.SHOP_INVALIDATE == "delete":
        cache.delete(product_key(pk))
    else:
        cache.set(product_key(pk), data)
    return product_page(request, data)


def product_page(request: HttpRequest, data: dict[str, Any]) -> HttpResponse:
    return render(
        request,
        "shop/product_detail.html",
        {
            "product": data,
            "kept_in": type(caches[DEFAULT_CACHE_ALIAS]).__name__,
            "invalidate": settings.SHOP_INVALIDATE,
            "answered_by": os.getpid(),
        },
    )


def product_key(pk: int) -> str:
    return f"product:{pk}"


def keep_busy(microseconds: int) -> None:
    """Use that much CPU time."""
    until_ns = time.thread_time_ns() + 1000 * microseconds
    while microseconds and time.thread_time_ns() < until_ns:
        pass


def product_data(pk: int) -> dict[str, Any]:
    """Query the database for everything on the page; 404 for an unknown product."""
    product = get_object_or_404(Product, pk=pk)
    reviews = Review.objects.filter(product=product)
    rating = reviews.aggregate(average=Avg("rating"), count=Count("pk"))
    return {
        "pk": pk,
        "name": product.name,
        "category": product.category,
        "price": product.price,
        "description": product.description,
        "average": rating["average"],
        "count": rating["count"],
        "beaten_percent": beaten_percent(rating["average"]),
        "reviews": list(reviews.order_by("-pk").values("rating", "text")[:10]),
        "manual": "m" * settings.SHOP_PAGE_BYTES,
        "computed_at": timezone.now().strftime("%H:%M:%S.%f")[:-3],
        "computed_by": os.getpid(),
    }


def beaten_percent(average: float | None) -> float | None:
    """Return the percentage of all reviews in the shop that give less than this average.

    None without an average, and where the shop leaves this costly figure out.
    """
    if average is None or settings.SHOP_ORIGIN == "cheap":
        return None
    lower = Count("pk", filter=Q(rating__lt=average))
    shop: dict[str, int] = Review.objects.aggregate(lower=lower, total=Count("pk"))
    return 100 * shop["lower"] / shop["total"]


def warm_up(products: int) -> None:
    """Cache the pages of the first products before the first request."""
    for pk in Product.objects.order_by("pk").values_list("pk", flat=True)[:products]:
        cache.set(product_key(pk), product_data(pk))
    # With --preload this runs before the fork, and no two processes may share a connection.
    connections.close_all()


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


def account(request: HttpRequest) -> HttpResponse:
    return render(
        request,
        "shop/account.html",
        {
            "customer": request.session.get("customer"),
            "basket": request.session.get("basket"),
            "sessions": settings.SHOP_SESSIONS,
            "answered_by": os.getpid(),
        },
    )


@require_POST
def log_in(request: HttpRequest) -> HttpResponse:
    """Log a customer in without a password, which would add nothing but time."""
    request.session["customer"] = request.POST.get("customer", "somebody")
    request.session["basket"] = []
    return account(request)


@require_POST
def add_to_basket(request: HttpRequest) -> HttpResponse:
    """Put a product into the basket of the customer who is logged in."""
    if "customer" in request.session:
        request.session["basket"] = [
            *request.session["basket"],
            request.POST.get("product", "something"),
        ]
    return account(request)


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
