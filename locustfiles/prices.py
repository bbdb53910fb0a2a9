"""Shopkeepers who change a price, then reload the page and look which price it shows.

Under the harness, or alone with Locust's own page:

    locust -f locustfiles/prices.py --host http://127.0.0.1:8000
"""

import re
import time
from collections.abc import Iterator
from itertools import count
from typing import Any

from locust import task

from harness.load.users import Fields, TraceUser

PRICE = re.compile(r'class="price">€ (\d+)\.(\d\d)<')
DELETES = "(deletes the cached page)"


class Shopkeeper(TraceUser):
    """Looks after one product alone: changes its price a few times with a few looks in between,
    then looks again and again for a while, and starts over.

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
        quick_looks = self.option("quick_looks", 4)
        if not self.price:
            self.look(quick_looks)
        for _ in range(self.option("changes", 3)):
            self.change()
            self.look(quick_looks)
        self.look(self.option("slow_looks", 20), self.option("pause_s", 0.1))

    def change(self) -> None:
        self.next_key()
        self.price = next(self.prices)
        self.ask(
            f"/products/{self.product}/price/",
            name="/products/[id]/price/",
            read=lambda answer: {**self.read(answer), "deletes": DELETES in answer.text},
            method="POST",
            data={"price": f"{self.price // 100}.{self.price % 100:02}"},
        )

    def look(self, times: int, pause_s: float = 0.0) -> None:
        for _ in range(times):
            time.sleep(pause_s)
            self.next_key()
            self.ask(f"/products/{self.product}/", name="/products/[id]/", read=self.read)

    def read(self, answer: Any) -> Fields:
        """Return whose price it is, the one that should be shown, and the one that is."""
        shown = int("".join(PRICE.findall(answer.text)[0]))
        return {"product": self.product, "price": self.price, "shown": shown}
