"""Which blocks a report of a run has, and in which order. Computes no figure."""

from __future__ import annotations

from collections.abc import Iterable

from harness.analysis.summary import Summary
from harness.report.blocks import Block, Document, Heading, Prose, Section
from harness.report.break_even import break_even_section
from harness.report.evidence import banner, caveats_section, environment_section, evidence_section
from harness.report.hit_rate import hit_rate_section, misses_section, workers_section
from harness.report.latency import ratios_sections, times_section
from harness.report.measures import expectations_section, measures_section
from harness.report.restart import recycling_section, restarts_section
from harness.text import number_of


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
        _lesson(summary),
        environment_section(summary),
    )
    return [section for section in sections if section]


def _title(summary: Summary) -> Section:
    trials = number_of(len(summary.trials), "trial")
    about = f"{summary.scenario}: {trials} in {summary.wall_s:.0f} s, seed {summary.seed}"
    question = " ".join(summary.question.split()) or summary.scenario
    return [Prose(question, "strong", level=0), Prose(about, "quiet", level=0)]


def _lesson(summary: Summary) -> Section:
    """Return what this run shows, then what the scenario teaches."""
    shown: list[Block] = [Prose(text) for text in summary.conclusions]
    taught = [Prose(text) for text in paragraphs(summary.lesson)]
    return [Heading("Lesson"), *shown, *taught] if shown or taught else []


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a text that was wrapped by hand, each in one line."""
    return [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]
