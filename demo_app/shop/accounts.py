import os

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST


def account(request: HttpRequest) -> HttpResponse:
    context = {
        "customer": request.session.get("customer"),
        "basket": request.session.get("basket"),
        "sessions": settings.SHOP_SESSIONS,
        "answered_by": os.getpid(),
    }
    return render(request, "shop/account.html", context)


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
        product = request.POST.get("product", "something")
        request.session["basket"] = [*request.session["basket"], product]
    return account(request)
