"""An invitation to look at servers, as lines for a person and as one line for a program."""

from __future__ import annotations

import json
from dataclasses import asdict

from rich.text import Text

from harness.measure.endpoint import EndpointInfo
from harness.report.drawing.layout import INDENT, Lines, heading, prose

EVIDENCE = "What a worker says of its answer: who it is, and what it found in its cache."
ALONE = "One worker alone has nothing to disagree with: --workers 4 shows what several do."


def render_invitation(told: EndpointInfo, width: int) -> Lines:
    """Return where the servers are and what to try; addresses stand unbroken, to be copied."""
    alone = prose(ALONE, width) if told.processes == 1 else []
    return [
        *heading(f"{told.scenario}: {told.trial}", told.url, width),
        Text(),
        *heading("What to try", told.advice, width),
        *alone,
        *(Text(INDENT + page) for page in told.pages),
        Text(),
        *heading("Evidence", EVIDENCE, width),
        Text(INDENT + told.curl),
        Text(),
        Text("Ctrl-C ends it."),
    ]


def render_invitation_json(told: EndpointInfo) -> str:
    """Return one line of JSON."""
    return json.dumps({**asdict(told), "pages": told.pages, "curl": told.curl}, ensure_ascii=False)
