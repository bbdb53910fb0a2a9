"""Visitors who are all counted.

Under the harness, or alone with Locust's own page:

    locust -f locustfiles/counters.py --host http://127.0.0.1:8000
"""

from locust import task

from harness.load.users import TraceUser


class Counted(TraceUser):
    """Visits one page after another; option `way` names how it is counted: incr, or get-set."""

    @task
    def be_counted(self) -> None:
        page, way = self.next_key(), self.option("way", "incr")
        self.ask(
            f"/counters/page-{page}/{way}/",
            name=f"/counters/[page]/{way}/",
            read=lambda answer: {
                "counter": page,
                "count": answer.json()["visits"],
                "at_once": way == "incr",
            },
        )
