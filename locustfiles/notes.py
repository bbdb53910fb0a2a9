"""People who look for a note in one cache, where the shop leaves notes in another.

Under the harness, or alone with Locust's own page:

    locust -f locustfiles/notes.py --host http://127.0.0.1:8000
"""

from collections.abc import Mapping
from typing import Any

from locust import task

from harness.load.users import TraceUser


class Reader(TraceUser):
    """Asks for one note after another; each answer leaves a new one."""

    @task
    def look_for_note(self) -> None:
        note = self.next_key()

        def read(answer: Any) -> Mapping[str, float]:
            told = answer.json()
            found, same = told["found"] is not None, told["same_location"]
            return {"note": note, "found": found, "same_location": same}

        self.ask(f"/notes/note-{note}/", name="/notes/[name]/", read=read)
