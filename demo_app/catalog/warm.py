from django.core.cache import cache
from django.db import connections

from demo_app.catalog.models import Product
from demo_app.catalog.views import product_data, product_key


def warm_catalog(products: int) -> None:
    """Cache the pages of the first products before anybody asks for them."""
    for pk in Product.objects.order_by("pk").values_list("pk", flat=True)[:products]:
        cache.set(product_key(pk), product_data(pk))
    # With --preload this runs before the fork, and no two processes may share a connection.
    connections.close_all()
