"""Shoppers who open product pages, and now and then look at what a worker's cache holds.

Under the harness, or alone with Locust's own page:

    locust -f locustfiles/inside.py --host http://127.0.0.1:8000
"""

from locust import task

from harness.load.users import TraceUser, json_fields

READ_INSIDE = json_fields("entries", "bytes", "resident_bytes", "looked_at")


class Inspector(TraceUser):
    """Opens product pages; one request of `inside_every` is for /inside/ in place of a product."""

    @task
    def open_product_or_look(self) -> None:
        key = self.next_key()
        if (self.step or 0) % self.option("inside_every", 10) == 0:
            self.ask("/inside/", name="/inside/", read=READ_INSIDE)
        else:
            self.ask(f"/products/{key + 1}/", name="/products/[id]/")
