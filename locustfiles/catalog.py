"""Shoppers who open product pages, popular ones more often.

Under the harness, or alone with Locust's own page:

    locust -f locustfiles/catalog.py --host http://127.0.0.1:8000
"""

from locust import task

from harness.load.users import TraceUser


class Shopper(TraceUser):
    """Opens one product page after another."""

    @task
    def open_product(self) -> None:
        self.client.get(f"/products/{self.next_key() + 1}/", name="/products/[id]/")
