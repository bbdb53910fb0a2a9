"""Customers who log in, fill a basket, and look whether the shop still knows them.

Under the harness, or alone with Locust's own page:

    locust -f locustfiles/accounts.py --host http://127.0.0.1:8000
"""

import re
from collections.abc import Mapping
from typing import Any

from locust import between, task

from harness.load.users import TraceUser

ENGINE = re.compile(r"sessions are kept in (\w+)")
BASKET = re.compile(r"Items in the basket: (\d+)")


class Customer(TraceUser):
    """Logs in, opens so many pages, puts something into the basket on every other of them, and
    begins again without cookies. Who is not logged in any more does not notice.
    """

    wait_time = between(0, 0.03)  # without it, the same user meets the same worker again and again
    journey = 0
    page = 0
    put_in = 0

    @task
    def open_page(self) -> None:
        product = self.next_key()
        if self.page == 0:
            self.log_in()
        elif self.page % 2:
            self.open("GET", "/account/")
        else:
            self.put_in += 1
            self.open("POST", "/account/basket/", {"product": f"product-{product}"})
        self.page = (self.page + 1) % (1 + self.option("pages", 4))

    def log_in(self) -> None:
        self.client.cookiejar.clear()
        self.journey, self.put_in = self.step or 0, 0
        self.open("POST", "/account/log-in/", {"customer": f"customer-{self.journey}"})

    def open(self, method: str, path: str, data: Mapping[str, str] | None = None) -> None:
        self.ask(path, name=path, read=self.read, method=method, data=data)

    def read(self, answer: Any) -> Mapping[str, float]:
        """Return who asked what, what the page shows, and where it says that sessions are kept."""
        engine, basket = ENGINE.search(answer.text), BASKET.search(answer.text)
        if engine is None:
            raise ValueError("no page of an account")
        told = {
            "journey": self.journey,
            "page": self.page,
            "put_in": self.put_in,
            "logged_in": basket is not None,
            "cached": engine[1] in ("cache", "cached_db"),
            "database": engine[1] in ("db", "cached_db"),
        }
        return told if basket is None else {**told, "items": int(basket[1])}
