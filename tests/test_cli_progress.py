"""The live line of a run."""

from __future__ import annotations

import io

from rich.console import Console

from harness.cli.measure import live_progress
from harness.measure.plan import Event, LoadProgress, Phase, TrialEnded, TrialStarted

EVENTS: list[Event] = [
    TrialStarted(number=2, total=8, backend="redis", workers=4, requests=3000),
    Phase(text="starting"),
    Phase(text="loading"),
    LoadProgress(number=2, done=0, hits=0, lookups=0),
    LoadProgress(number=2, done=1500, hits=1200, lookups=1500),
]


def shown(*events: Event, terminal: bool) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=100, force_terminal=terminal, color_system=None)
    with live_progress(console) as progress:
        for event in events:
            progress(event)
    return stream.getvalue()


def test_a_terminal_sees_trial_phase_requests_and_hit_rate() -> None:
    text = shown(*EVENTS, terminal=True)
    for part in ("2/8", "redis, 4 workers", "loading", "1,500 of 3,000", "80.0 % hits"):
        assert part in text


def test_what_happens_before_the_first_trial_is_seen_too() -> None:
    assert "starting servers" in shown(Phase(text="starting servers"), terminal=True)


def test_a_pipe_sees_nothing() -> None:
    assert shown(*EVENTS, TrialEnded(number=2), terminal=False) == ""


def test_the_next_trial_starts_from_nothing() -> None:
    next_trial = TrialStarted(number=3, total=8, backend="locmem", workers=8, requests=3000)
    text = shown(*EVENTS, TrialEnded(number=2), next_trial, terminal=True)
    after = text[text.index("3/8") :].splitlines()[0]
    assert "0 of 3,000" in after
    assert "hits" not in after
