"""Clients who all want the same report at the same time, and then all the next one.

Under the harness, or alone with Locust's own page:

    locust -f locustfiles/reports.py --host http://127.0.0.1:8000
"""

from locust import task

from harness.load.users import TraceUser, json_fields


class ReportReader(TraceUser):
    """Requests a report together with all others, and the next one once all have it."""

    @task
    def read_report(self) -> None:
        number = 1 + self.next_in_burst(self.option("burst", 8))
        read = json_fields("computed", "locked", report=number)
        self.ask(f"/reports/{number}/", name="/reports/[number]/", read=read)
