"""Visitors who are all counted.

Under the harness, or alone with Locust's own page:

    locust -f locustfiles/counters.py --host http://127.0.0.1:8000
"""

from collections.abc import Mapping
from typing import Any

from locust import task

from harness.load.users import TraceUser


class Counted(TraceUser):
    """Visits one page after another; option `way` says how it is counted: incr, or get-set."""

    @task
    def be_counted(self) -> None:
        page, way = self.next_key(), self.option("way", "incr")

        def read(answer: Any) -> Mapping[str, float]:
            visits = answer.json()["visits"]
            return {"counter": page, "count": visits, "at_once": way == "incr"}

        self.ask(f"/counters/page-{page}/{way}/", name=f"/counters/[page]/{way}/", read=read)
