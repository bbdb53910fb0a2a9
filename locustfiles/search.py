"""Clients who search more often than they may.

Under the harness, or alone with Locust's own page:

    locust -f locustfiles/search.py --host http://127.0.0.1:8000
"""

from locust import task

from harness.load.users import TraceUser, json_fields


class Searcher(TraceUser):
    """Searches as one client after another; what is over the limit is refused with a 429."""

    @task
    def search(self) -> None:
        client = self.next_key()
        path, read = f"/search/client-{client}/", json_fields("allowed", "limit", client=client)
        self.ask(path, name="/search/[client]/", read=read, accept=(200, 429))
