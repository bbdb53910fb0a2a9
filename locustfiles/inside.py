"""Shoppers who open product pages, and now and then look at what a worker's cache holds.

Under the harness, or alone with Locust's own page:

    locust -f locustfiles/inside.py --host http://127.0.0.1:8000
"""

from collections.abc import Mapping
from typing import Any

from locust import task

from harness.load.users import TraceUser

TOLD = ("entries", "bytes", "resident_bytes", "looked_at")


class Inspector(TraceUser):
    """Opens product pages; one request of so many asks for /inside/ in place of a product."""

    @task
    def open_product_or_look(self) -> None:
        product = self.next_key() + 1
        assert self.step is not None
        if self.step % self.option("inside_every", 10) == 0:
            self.ask("/inside/", name="/inside/", read=_held)
        else:
            self.ask(f"/products/{product}/", name="/products/[id]/")


def _held(answer: Any) -> Mapping[str, float]:
    told = answer.json()
    return {name: told[name] for name in TOLD}
