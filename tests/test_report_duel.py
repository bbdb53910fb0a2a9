"""How a duel reads: golden files, its sentences, its last line."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache

import pytest
from rich.console import Console

from harness.analysis.analyze import analyze_run
from harness.analysis.summary import Cause, Summary
from harness.gate.duel import DuelResult, duel_result
from harness.report.drawing.layout import print_lines
from harness.report.duel import duel_document, last_line
from harness.report.formats.json import render_json
from harness.report.formats.terminal import document_lines
from harness.report.hit_rate import MEANINGS
from tests.duelling import Trial, duel_facts, served
from tests.summaries import make_summary

Case = tuple[Trial, ...]
CASES: Mapping[str, Callable[[], Case]] = {
    "duel-pass": lambda: (served(0, workers=1), served(1, workers=1)),
    "duel-slower": lambda: (served(0), served(1, cpu=1.1, slow=1.1, slow_miss=1.1)),
    "duel-lost-hits": lambda: (served(0, workers=1), served(1, workers=8)),
    "duel-shape": lambda: (
        served(0, workers=1, ttl_s=0.3),
        served(1, workers=1, ttl_s=0.3, slow_miss=1.5),
    ),
    "duel-inconclusive": lambda: (served(0, rounds=18), served(1, rounds=18, cpu=1.02)),
    "duel-no-data": lambda: (served(0, rounds=6), served(1, rounds=6)),
}
ALL = pytest.mark.parametrize("name", CASES)


@cache
def reported(name: str) -> tuple[DuelResult, Summary]:
    trials = CASES[name]()
    summaries = analyze_run(trials).trials
    return duel_result(duel_facts(), trials, summaries), make_summary(*summaries)


def printed(name: str, width: int = 80) -> str:
    duel, summary = reported(name)
    console = Console(file=io.StringIO(), width=width, legacy_windows=False)
    print_lines(document_lines(duel_document(duel, summary), width), console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@ALL
@pytest.mark.parametrize("width", [80, 120])
def test_a_duel_reads_as_in_its_golden_file(
    name: str, width: int, matches_golden: Callable[[str, str], None]
) -> None:
    text = printed(name, width)
    assert max(map(len, text.splitlines())) <= width
    matches_golden(f"{name}-{width}.txt", text)


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_of_lost_hits_is_explained(cause: Cause) -> None:
    result, summary = reported("duel-lost-hits")
    lost = replace(result, cause=cause, misses={cause: (0.0, 0.25)})
    text = " ".join(
        line.plain.strip() for line in document_lines(duel_document(lost, summary), 200)
    )
    assert f"Hits were lost to {cause} ({MEANINGS[cause]}): 25.0 % of the lookups" in text


@ALL
def test_the_last_line_says_all_and_nothing_else(name: str) -> None:
    result, _ = reported(name)
    last = printed(name, 200).splitlines()[-1]
    assert last == last_line(result)
    assert last.startswith(f"duel: {result.verdict}")
    assert len(last) <= 80


def test_the_json_of_a_duel_has_its_result_beside_the_trials() -> None:
    result, summary = reported("duel-lost-hits")
    content = json.loads(render_json(summary, {"duel": result}))
    assert content["duel"]["verdict"] == "fail"
    assert content["duel"]["cause"] == "fragmentation"
    found = {one["metric"]: one for one in content["duel"]["findings"]}
    assert found["hit_rate"]["verdict"] == "fail"
    assert found["hit_rate"]["low"] < found["hit_rate"]["change"] < found["hit_rate"]["high"] < 0
    assert len(content["trials"]) == 2
    assert "duel" not in json.loads(render_json(summary))
