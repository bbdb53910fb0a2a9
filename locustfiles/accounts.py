"""Customers who log in, fill a basket, and look whether the shop still knows them.

Under the harness, or alone with Locust's own page:

    locust -f locustfiles/accounts.py --host http://127.0.0.1:8000
"""

import re
from typing import Any

from locust import between, task

from harness.load.users import Fields, TraceUser

ENGINE = re.compile(r"sessions are kept in (\w+)")
BASKET = re.compile(r"Items in the basket: (\d+)")


class Customer(TraceUser):
    """Logs in, opens `pages` pages, puts something into the basket on every other of them, and
    begins again without cookies. Does not notice having been logged out.
    """

    wait_time = between(0, 0.03)  # without it, the same user meets the same worker again and again
    journey = page = put_in = 0

    @task
    def open_page(self) -> None:
        product = self.next_key()
        if self.page == 0:
            self.client.cookiejar.clear()
            self.journey, self.put_in = self.step or 0, 0
            self.open("/account/log-in/", customer=f"customer-{self.journey}")
        elif self.page % 2:
            self.open("/account/")
        else:
            self.put_in += 1
            self.open("/account/basket/", product=f"product-{product}")
        self.page = (self.page + 1) % (1 + self.option("pages", 4))

    def open(self, path: str, **data: str) -> None:
        self.ask(
            path,
            name=path,
            read=self.read,
            method="POST" if data else "GET",
            data=data or None,
        )

    def read(self, answer: Any) -> Fields:
        """Return what was sent by whom, what the page shows, and where sessions are kept."""
        engine, baskets = ENGINE.findall(answer.text)[0], BASKET.findall(answer.text)
        return {
            "journey": self.journey,
            "page": self.page,
            "put_in": self.put_in,
            "logged_in": bool(baskets),
            "cached": engine in ("cache", "cached_db"),
            "database": engine in ("db", "cached_db"),
            **({"items": int(baskets[0])} if baskets else {}),
        }
