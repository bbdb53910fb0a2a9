import os
import time
from typing import Any

from django.conf import settings
from django.core.cache import DEFAULT_CACHE_ALIAS, cache, caches
from django.db.models import Avg, Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from demo_app.catalog.forms import PriceForm
from demo_app.catalog.models import Product, Review


def product_list(request: HttpRequest) -> HttpResponse:
    products = Product.objects.order_by("pk")[:50]
    return render(request, "catalog/product_list.html", {"products": products})


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
    """Give a product another price, and bring the cache in line as SHOP_INVALIDATE says."""
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
    context = {
        "product": data,
        "kept_in": type(caches[DEFAULT_CACHE_ALIAS]).__name__,
        "invalidate": settings.SHOP_INVALIDATE,
        "answered_by": os.getpid(),
    }
    return render(request, "catalog/product_detail.html", context)


def product_key(pk: int) -> str:
    return f"product:{pk}"


def keep_busy(microseconds: int) -> None:
    """Use up so much of the processor's time."""
    until_ns = time.thread_time_ns() + 1000 * microseconds
    while microseconds and time.thread_time_ns() < until_ns:
        pass


def product_data(pk: int) -> dict[str, Any]:
    """Ask the database for everything on the page; 404 for a product that does not exist."""
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
    """Return how many of all reviews of the shop, in percent, give less than this average.

    None without an average, and where the shop does without this costly figure.
    """
    if average is None or settings.SHOP_ORIGIN == "cheap":
        return None
    lower = Count("pk", filter=Q(rating__lt=average))
    shop: dict[str, int] = Review.objects.aggregate(lower=lower, total=Count("pk"))
    return 100 * shop["lower"] / shop["total"]
