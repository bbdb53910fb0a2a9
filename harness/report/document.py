"""Which blocks a report of a run has, and in which order. Computes no figure.

Here too is why the numbers can be believed, or not: replays, accounting, caveats, and what was
measured.
"""

from collections.abc import Iterable, Sequence

from harness.analysis.conclusions import named_trials, series_of
from harness.analysis.summary import Summary, TrialSummary
from harness.report.blocks import Alarm, Block, Document, Heading, Prose, Section, Table
from harness.report.hit_rate import hit_rate_section, misses_section, workers_section
from harness.report.latency import break_even_section, ratios_sections, times_section
from harness.report.restart import recycling_section, restarts_section
from harness.report.verdicts import expectations_section, measures_section
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
    parts = [
        f"{name} {environment[name.lower()]}" for name in SOFTWARE if environment.get(name.lower())
    ]
    parts += environment.get("servers", {}).values()
    parts += [number_of(cores, "core")] if (cores := environment.get("cores")) else []
    return [
        *(
            Prose(f"Skipped: {name}. {why}", "warning", level=0)
            for name, why in environment.get("gaps", {}).items()
        ),
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


def run_document(summary: Summary) -> Document:
    """Return the report of a run, without the sections that have nothing to show."""
    trials = summary.trials
    # What is measured by its answers alone has no hit rate to show.
    looked_up = trials if any(trial.lookups for trial in trials) or not summary.evidence else ()
    sections: Iterable[Section] = (
        banner(summary),
        _title(summary),
        measures_section(summary),
        expectations_section(summary),
        hit_rate_section(looked_up),
        break_even_section(summary),
        *ratios_sections(summary),
        times_section(summary),
        restarts_section(trials),
        recycling_section(trials),
        misses_section(trials),
        workers_section(looked_up),
        evidence_section(looked_up),
        caveats_section(trials),
        *_lesson(summary),
        environment_section(summary),
    )
    return [section for section in sections if section]


def _title(summary: Summary) -> Section:
    trials = f"{number_of(len(summary.trials), 'trial')} in {summary.wall_s:.0f} s"
    about = f"{summary.scenario}: {trials}, seed {summary.seed}"
    question = " ".join(summary.question.split()) or summary.scenario
    return [Prose(question, "strong", level=0), Prose(about, "quiet", level=0)]


def _lesson(summary: Summary) -> Document:
    """Return what this run shows and what the scenario teaches, each paragraph a section."""
    shown = " ".join(summary.conclusions)
    texts = [*([shown] if shown else []), *paragraphs(summary.lesson)]
    return [
        [*([] if number else [Heading("Lesson")]), Prose(text)] for number, text in enumerate(texts)
    ]


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a text that was wrapped by hand, each in one line."""
    return [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]
