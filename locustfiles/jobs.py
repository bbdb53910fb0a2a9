"""Clients who ask for jobs that nobody may do at the same time, or that need doing once.

Under the harness, or alone with Locust's own page:

    locust -f locustfiles/jobs.py --host http://127.0.0.1:8000
"""

from collections.abc import Mapping
from typing import Any

from locust import task

from harness.load.users import TraceUser


class Starter(TraceUser):
    """Asks for one job that runs alone, and for others that run once, in turn."""

    @task
    def ask_for_a_job(self) -> None:
        job = self.next_key()
        if (self.step or 0) % 2:
            self.run_once(job)
        else:
            self.run_alone()

    def run_alone(self) -> None:
        def read(answer: Any) -> Mapping[str, float]:
            told = answer.json()
            if not told["ran"]:
                return {"held": 0}
            return {"held": 1, "held_from": told["started_at"], "held_until": told["ended_at"]}

        path = "/jobs/stock-taking/alone/"
        self.ask(path, name="/jobs/[job]/alone/", read=read, accept=(200, 409))

    def run_once(self, job: int) -> None:
        def read(answer: Any) -> Mapping[str, float]:
            return {"once": job, "ran": answer.json()["ran"]}

        self.ask(f"/jobs/newsletter-{job}/once/", name="/jobs/[job]/once/", read=read)
