"""People who look for a note in one cache, where the shop leaves notes in another.

Under the harness, or alone with Locust's own page:

    locust -f locustfiles/notes.py --host http://127.0.0.1:8000
"""

from locust import task

from harness.load.users import TraceUser


class NoteReader(TraceUser):
    """Requests one note after another; each answer leaves a new one."""

    @task
    def look_for_note(self) -> None:
        note = self.next_key()
        self.ask(
            f"/notes/note-{note}/",
            name="/notes/[name]/",
            read=lambda answer: {
                "note": note,
                "found": answer.json()["found"] is not None,
                "same_location": answer.json()["same_location"],
            },
        )
