"""Clients who request jobs that may not run at the same time, or that are to run once.

Under the harness, or alone with Locust's own page:

    locust -f locustfiles/jobs.py --host http://127.0.0.1:8000
"""

from typing import Any

from locust import task

from harness.load.users import Fields, TraceUser, json_fields


class Starter(TraceUser):
    """Requests one job that runs alone, and others that run once, alternately."""

    @task
    def request_job(self) -> None:
        job = self.next_key()
        if (self.step or 0) % 2:
            path, read = f"/jobs/newsletter-{job}/once/", json_fields("ran", once=job)
            self.ask(path, name="/jobs/[job]/once/", read=read)
        else:
            path, accept = "/jobs/stock-taking/alone/", (200, 409)
            self.ask(path, name="/jobs/[job]/alone/", read=read_holder, accept=accept)


def read_holder(answer: Any) -> Fields:
    """Return whether the job got to run, and from when until when."""
    job = answer.json()
    if not job["ran"]:
        return {"held": False}
    return {"held": True, "held_from": job["started_at"], "held_until": job["ended_at"]}
