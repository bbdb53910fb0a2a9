"""Worker by worker: hit rate and share of requests of each life, where workers cache alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.text import Text

from harness.analysis.summary import LifeSummary, TrialSummary
from harness.report.layout import HEADING, INDENT, QUIET, Cell, Lines, heading, prose, row
from harness.report.series import TrialSeries, series_of
from harness.text import UNKNOWN, count, number_of, points

CELL_WIDTH = len(" 100.0")
LABEL_WIDTH = len("server 0, gen. 1")
KIND_WIDTH = len("hit rate %")
MOST_ROWS = 8
"""Rows of lives per trial; workers that are recycled often would fill the screen."""
CAPTION = (
    "Each worker fills a cache of its own, from its share of the requests. Effective: how many "
    "equally busy workers would spread the requests as widely."
)

Row = Mapping[int, LifeSummary]
RowKey = tuple[int, int, int]


def render_workers(trials: Sequence[TrialSummary], width: int) -> Lines:
    """Return a table of lives for every trial with one cache per worker; no line without one."""
    alone = [series for series in series_of(trials) if series.per_process]
    slots = [life.slot for series in alone for trial in series.trials for life in trial.lives]
    if not slots:
        return []
    room = width - len(INDENT) - LABEL_WIDTH - KIND_WIDTH - 1
    beside = max(min(room // CELL_WIDTH, max(slots)), 1)
    lines = [*heading("Worker by worker", CAPTION, width), _head(beside)]
    for series in alone:
        lines += _series(series, beside, width, named=len(alone) > 1)
    return lines


def _series(series: TrialSeries, beside: int, width: int, *, named: bool) -> Lines:
    lines = prose(series.name, width, style=HEADING) if named else []
    return lines + [line for trial in series.trials for line in _trial(trial, beside)]


def _trial(trial: TrialSummary, beside: int) -> Lines:
    """Return the rows of one trial, at most `MOST_ROWS` of them and a note about the rest."""
    workers, effective = number_of(trial.workers, "worker"), _effective(trial)
    rows = _rows(trial, beside)
    if len(rows) == 1:
        return _pair((workers, effective), next(iter(rows.values())), beside)
    lines = [row([Cell(f"{workers}, {effective}")])]
    for key, lives in list(rows.items())[:MOST_ROWS]:
        lines += _pair(_place(key, rows, beside), lives, beside)
    left_out = sum(map(len, list(rows.values())[MOST_ROWS:]))
    if left_out:
        lines.append(row([Cell(f"and {count(left_out)} more, in result.json", style=QUIET)]))
    return lines


def _rows(trial: TrialSummary, beside: int) -> dict[RowKey, dict[int, LifeSummary]]:
    """Return lives by row (server, generation, block of `beside` slots) and by slot."""
    rows: dict[RowKey, dict[int, LifeSummary]] = {}
    for life in trial.lives:
        key = (life.server, life.generation, (life.slot - 1) // beside)
        rows.setdefault(key, {})[life.slot] = life
    return dict(sorted(rows.items()))


def _place(key: RowKey, rows: Mapping[RowKey, Row], beside: int) -> tuple[str, str]:
    """Return in two labels what tells a row from the trial's others."""
    server, generation, block = key
    servers, generations, blocks = (len(set(values)) > 1 for values in zip(*rows, strict=True))
    life = [f"server {server}"] * servers + [f"gen. {generation}"] * generations
    slots = [f"from slot {block * beside + 1}"] * blocks
    labels = [*[", ".join(life)] * bool(life), *slots, "", ""]
    return labels[0], labels[1]


def _pair(labels: tuple[str, str], lives: Row, beside: int) -> Lines:
    """Return two lines: hit rates, and beneath them shares of the requests."""
    first = (min(lives) - 1) // beside * beside + 1 if lives else 1
    places = [lives.get(slot) for slot in range(first, first + beside)]
    rates = [points(life.hit_rate) if life else "" for life in places]
    shares = [points(life.share) if life else "" for life in places]
    return [
        _line(labels[0], "hit rate %", rates, HEADING),
        _line(labels[1], "share %", shares, QUIET),
    ]


def _line(label: str, kind: str, figures: Sequence[str], style: str) -> Text:
    start = [Cell(label, LABEL_WIDTH + 1, left=True), Cell(kind, KIND_WIDTH, QUIET, left=True)]
    return row([*start, *(Cell(figure, CELL_WIDTH, style) for figure in figures)], gap=0)


def _head(beside: int) -> Text:
    return _line("", "slot", [str(slot) for slot in range(1, beside + 1)], QUIET)


def _effective(trial: TrialSummary) -> str:
    known = trial.effective_workers
    return f"{UNKNOWN if known is None else format(known, '.2f')} effective"
