"""Shoppers who open product pages and look whether a page was computed for them.

Under the harness, or alone with Locust's own page:

    locust -f locustfiles/visits.py --host http://127.0.0.1:8000
"""

import re
from typing import Any

from locust import task

from harness.load.users import Fields, TraceUser

COMPUTED = re.compile(r"computed at ([\d:.]+) by process (\d+)")


class Visitor(TraceUser):
    """Opens one product page after another; a page that nobody has seen before is a new one."""

    seen: set[tuple[int, str, str]] = set()  # noqa: RUF012 - of all visitors together

    @task
    def open_product(self) -> None:
        product = self.next_key() + 1

        def read(answer: Any) -> Fields:
            moment, process = COMPUTED.findall(answer.text)[0]
            known, page = len(self.seen), (product, moment, process)
            self.seen.add(page)
            return {"product": product, "computed": len(self.seen) > known}

        self.ask(f"/products/{product}/", name="/products/[id]/", read=read)
