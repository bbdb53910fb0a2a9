import os
import time
from typing import Any

from django import forms
from django.conf import settings
from django.core.cache import DEFAULT_CACHE_ALIAS, cache, caches
from django.db import connections
from django.db.models import Avg, Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from demo_app.shop.models import Product, Review


class PriceForm(forms.Form):
    price = forms.DecimalField(min_value=0, max_digits=7, decimal_places=2)


def product_list(request: HttpRequest) -> HttpResponse:
    products = Product.objects.order_by("pk")[:50]
    return render(request, "shop/product_list.html", {"products": products})


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
    context = {
        "product": data,
        "kept_in": type(caches[DEFAULT_CACHE_ALIAS]).__name__,
        "invalidate": settings.SHOP_INVALIDATE,
        "answered_by": os.getpid(),
    }
    return render(request, "shop/product_detail.html", context)


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
