"""Wraps the WSGI callable: adds the lookups of a measured request to its response headers."""

import hmac
from collections.abc import Callable, Iterable
from typing import Any

from harness import wire
from harness.probe import evidence
from harness.probe.notes import Recording, current
from harness.probe.tally import COUNT, Tally

_TOKEN_KEY = "HTTP_" + wire.TOKEN_HEADER.upper().replace("-", "_")
_STARTED, _FINISHED = COUNT["started"], COUNT["finished"]

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class ProbedApp:
    """The app, with evidence added to the responses to requests that carry the run's token."""

    def __init__(self, app: WsgiApp, tally: Tally, token: str) -> None:
        self._app = app
        self._tally = tally
        self._token = token.encode()
        self._worker = evidence.worker_header(tally.life)

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        if not self._is_measured(environ):
            current.set(None)
            return self._app(environ, start_response)
        recording = Recording(self._tally.take_row())
        recording.counts[_STARTED] += 1
        current.set(recording)

        def start_with_evidence(
            status: str, headers: list[tuple[str, str]], exc_info: Any = None
        ) -> Any:
            added = evidence.headers(recording, self._worker)
            recording.sent = True
            return start_response(status, headers + added, exc_info)

        return self._app(environ, start_with_evidence)

    def _is_measured(self, environ: dict[str, Any]) -> bool:
        token = environ.get(_TOKEN_KEY, "").encode()
        return bool(token) and hmac.compare_digest(token, self._token)

    def request_ended(self, *, whole: bool) -> None:
        """Close the recording of this thread, if any; `whole`: the response is complete."""
        recording = current.get()
        if recording is not None:
            recording.counts[_FINISHED] += whole
            self._tally.give_row(recording.counts)
            self._tally.note_cpu()
            current.set(None)
