"""Clients who all want the same report at the same time, and then all the next one.

Under the harness, or alone with Locust's own page:

    locust -f locustfiles/reports.py --host http://127.0.0.1:8000
"""

from collections.abc import Mapping
from typing import Any

from locust import task

from harness.load.users import TraceUser

BURST = 8


class Reader(TraceUser):
    """Asks for a report together with all others, and for the next once all have it."""

    @task
    def read_report(self) -> None:
        number = 1 + self.next_in_burst(self.option("burst", BURST))

        def read(answer: Any) -> Mapping[str, float]:
            told = answer.json()
            return {"report": number, "computed": told["computed"], "locked": told["locked"]}

        self.ask(f"/reports/{number}/", name="/reports/[number]/", read=read)
