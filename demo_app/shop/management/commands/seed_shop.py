from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import transaction

from demo_app.shop.models import Product, Review
from demo_app.shop.sample_data import sample_products, sample_reviews


class Command(BaseCommand):
    help = "Create the tables and fill the shop with SHOP_PRODUCTS products and their reviews."

    def handle(self, **_options: Any) -> None:
        call_command("migrate", verbosity=0)
        call_command("createcachetable", settings.CACHE_TABLE, verbosity=0)
        wanted = settings.SHOP_PRODUCTS
        if Product.objects.count() == wanted:
            self.stdout.write(f"The shop has its {wanted} products already.")
            return
        fill_shop(wanted)
        self.stdout.write(f"The shop has {wanted} products now.")


@transaction.atomic
def fill_shop(products: int) -> None:
    """Replace all products and reviews; a half-filled shop is never seen."""
    Review.objects.all().delete()
    Product.objects.all().delete()
    Product.objects.bulk_create(sample_products(products), batch_size=1000)
    Review.objects.bulk_create(sample_reviews(products), batch_size=1000)
