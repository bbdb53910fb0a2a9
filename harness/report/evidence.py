"""Why the numbers can be believed, or not: replays, accounts, caveats, and what made it invalid."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from harness.analysis.summary import Summary, TrialSummary
from harness.report.layout import QUIET, Cell, Lines, heading, prose, row
from harness.report.series import named_trials, series_of
from harness.text import count, number_of, percent

HEADS = ("per worker", "shared", "seen", "counted", "lost")
CAPTION = (
    "Every lookup is replayed with a cache per worker, and with one shared cache: the replay that "
    "gets the outcomes right shows which kind it is. Then the lookups seen in the answers, counted "
    "by the workers, and lost with requests that died."
)
ALARM = "bold red"
DOUBT = "bold magenta"


def render_banner(summary: Summary, width: int) -> Lines:
    """Return why the run does not stand as a measurement; no line for a valid run."""
    if summary.valid:
        return []
    reasons = summary.problems or ("The reason is among the caveats below.",)
    rule = Text("━" * width, ALARM)
    title = prose("NOT A VALID MEASUREMENT", width, style=ALARM)
    return [rule, *title, *(line for text in reasons for line in prose(text, width)), rule]


def render_evidence(trials: Sequence[TrialSummary], width: int) -> Lines:
    """Return for each trial what the two replays explain and whether the accounts agree.

    No line without a trial.
    """
    if not trials:
        return []
    lines = heading("Evidence", CAPTION, width)
    figures = {id(trial): _figures(trial) for trial in trials}
    widths = [max(map(len, column)) for column in zip(HEADS, *figures.values(), strict=True)]
    label_width = max(len(number_of(trial.workers, "worker")) for trial in trials)
    lines.append(_line("", label_width, HEADS, widths, QUIET))
    for series in series_of(trials):
        lines += prose(series.name, width, style="bold")
        for trial in series.trials:
            label = number_of(trial.workers, "worker")
            lines.append(_line(label, label_width, figures[id(trial)], widths, ""))
    return lines


def render_caveats(trials: Sequence[TrialSummary], width: int) -> Lines:
    """Return every caveat once, with the trials it holds for; no line if there is none."""
    found: dict[str, list[str]] = {}
    for name, trial in named_trials(trials):
        for caveat in trial.caveats:
            found.setdefault(f"{caveat.text} [{caveat.code}]", []).append(name)
    lines = [Text("Caveats", DOUBT)] if found else []
    for text, names in found.items():
        lines += prose(f"{'; '.join(names)}:", width, style="bold")
        lines += prose(text, width, indent="    ")
    return lines


def _line(
    label: str, label_width: int, texts: Sequence[str], widths: Sequence[int], style: str
) -> Text:
    cells = [Cell(text, size, style) for text, size in zip(texts, widths, strict=True)]
    return row([Cell(label, label_width), *cells], gap=3)


def _figures(trial: TrialSummary) -> tuple[str, str, str, str, str]:
    explained, accounted = trial.explained, trial.accounted
    return (
        percent(explained.per_process if explained else None),
        percent(explained.shared if explained else None),
        count(accounted.samples),
        count(accounted.tallies),
        count(accounted.lost),
    )
