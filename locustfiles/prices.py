"""Shopkeepers who change a price, then reload the page and look which price it shows.

Under the harness, or alone with Locust's own page:

    locust -f locustfiles/prices.py --host http://127.0.0.1:8000
"""

import re
import time
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

from locust import task

from harness.load.users import TraceUser

PRICE = re.compile(r'class="price">€ (\d+)\.(\d\d)<')
DELETES = "(deletes the cached page)"


class Shopkeeper(TraceUser):
    """Looks after one product alone: changes its price a few times with a few looks in between,
    then looks again and again for a while, and begins anew.

    Prices count upwards, a cent for each change by anybody, so that none comes twice.
    """

    numbers: Iterator[int] = count(1)
    prices: Iterator[int] = count(1)
    free: list[int] = []  # noqa: RUF012 - products whose shopkeeper has gone home

    def on_start(self) -> None:
        self.product = self.free.pop() if self.free else next(self.numbers)
        self.price = 0

    def on_stop(self) -> None:
        self.free.append(self.product)

    @task
    def keep_shop(self) -> None:
        if not self.price:
            self.look_around()
        for _ in range(self.option("changes", 3)):
            self.change()
            self.look_around()
        for _ in range(self.option("slow_looks", 20)):
            time.sleep(self.option("pause_s", 0.1))
            self.look()

    def look_around(self) -> None:
        for _ in range(self.option("quick_looks", 4)):
            self.look()

    def change(self) -> None:
        self.next_key()
        self.price = next(self.prices)
        data = {"price": f"{self.price // 100}.{self.price % 100:02}"}
        path = f"/products/{self.product}/price/"
        self.ask(
            path, name="/products/[id]/price/", read=self.read_change, method="POST", data=data
        )

    def look(self) -> None:
        self.next_key()
        self.ask(f"/products/{self.product}/", name="/products/[id]/", read=self.read)

    def read(self, answer: Any) -> Mapping[str, float]:
        """Return whose price it is, the one that should be shown, and the one that is."""
        price = PRICE.search(answer.text)
        if price is None:
            raise ValueError("no price in the page")
        shown = 100 * int(price[1]) + int(price[2])
        return {"product": self.product, "price": self.price, "shown": shown}

    def read_change(self, answer: Any) -> Mapping[str, float]:
        return {**self.read(answer), "deletes": DELETES in answer.text}
