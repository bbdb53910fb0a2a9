"""Why the numbers can be believed, or not: replays, accounting, caveats, and what was measured."""

from __future__ import annotations

from collections.abc import Sequence

from harness.analysis.series import named_trials, series_of
from harness.analysis.summary import Summary, TrialSummary
from harness.report.blocks import Alarm, Block, Heading, Prose, Section, Table
from harness.text import count, number_of, percent

HEADS = ("per worker", "shared", "seen", "counted", "lost")
CAPTION = (
    "Every lookup is replayed with a cache per worker, and with one shared cache: the replay that "
    "gets the outcomes right shows which of them it is. Then the lookups seen in the answers, "
    "counted by the workers, and lost with requests that died."
)
SOFTWARE = ("Python", "Django", "Gunicorn", "Locust")


def banner(summary: Summary) -> Section:
    """Return why the run does not stand as a measurement; empty for a valid run."""
    reasons = summary.problems or ("The reason is among the caveats below.",)
    return [] if summary.valid else [Alarm("NOT A VALID MEASUREMENT", reasons)]


def evidence_section(trials: Sequence[TrialSummary]) -> Section:
    """Return for each trial what the two replays explain and whether the accounting agrees."""
    rows: list[tuple[str, Sequence[str]]] = []
    for series in series_of(trials):
        rows.append((series.name, ()))
        rows += [(number_of(trial.workers, "worker"), _cells(trial)) for trial in series.trials]
    return [Heading("Evidence", CAPTION), Table(HEADS, rows, numbers=True)] if rows else []


def caveats_section(trials: Sequence[TrialSummary]) -> Section:
    """Return every caveat once, with the trials it holds for; empty if there is none."""
    found: dict[str, list[str]] = {}
    for name, trial in named_trials(trials):
        for caveat in trial.caveats:
            found.setdefault(f"{caveat.text} [{caveat.code}]", []).append(name)
    blocks: list[Block] = [Heading("Caveats", tone="doubt")] if found else []
    for text, names in found.items():
        blocks += [Prose(f"{'; '.join(names)}:", "strong"), Prose(text, level=2)]
    return blocks


def environment_section(summary: Summary) -> Section:
    """Return what was skipped, the software of the run, and its directory."""
    environment = summary.environment
    skipped = environment.get("gaps", {})
    parts = [
        f"{name} {environment[name.lower()]}" for name in SOFTWARE if environment.get(name.lower())
    ]
    parts += environment.get("servers", {}).values()
    if cores := environment.get("cores"):
        parts.append(number_of(cores, "core"))
    return [
        *(Prose(f"Skipped: {name}. {why}", "warning", level=0) for name, why in skipped.items()),
        *([Prose(f"Measured with {', '.join(parts)}.", "quiet", level=0)] if parts else []),
        Prose(f"Kept in {summary.run_dir}", level=0, verbatim=True),
    ]


def _cells(trial: TrialSummary) -> Sequence[str]:
    explained, accounted = trial.explained, trial.accounted
    return (
        percent(explained.per_process if explained else None),
        percent(explained.shared if explained else None),
        count(accounted.samples),
        count(accounted.tallies),
        count(accounted.lost),
    )
