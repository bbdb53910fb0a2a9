"""Shoppers who open product pages and look whether a page was computed for them.

Under the harness, or alone with Locust's own page:

    locust -f locustfiles/visits.py --host http://127.0.0.1:8000
"""

import re
from collections.abc import Mapping
from typing import Any

from locust import task

from harness.load.users import TraceUser

COMPUTED = re.compile(r"computed at ([\d:.]+) by process (\d+)")


class Visitor(TraceUser):
    """Opens one product page after another; a page that nobody has seen before is a new one."""

    seen: set[tuple[int, str, str]] = set()  # noqa: RUF012 - of all visitors together

    @task
    def open_product(self) -> None:
        product = self.next_key() + 1

        def read(answer: Any) -> Mapping[str, float]:
            computed = COMPUTED.search(answer.text)
            if computed is None:
                raise ValueError("no page of a product")
            page = (product, computed[1], computed[2])
            fresh = page not in self.seen
            self.seen.add(page)
            return {"product": product, "computed": fresh}

        self.ask(f"/products/{product}/", name="/products/[id]/", read=read)
