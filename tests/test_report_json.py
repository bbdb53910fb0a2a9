"""What `result.json` promises to other programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

import pytest

from harness.analysis.summary import Summary
from harness.report.formats.json import EXPECTED, render_json
from tests.summaries import cases, make_summary, make_trial

PROMISED = (
    "format scenario run_dir valid environment seed trials wall_s",
    "backend server servers workers requests failures lookups hits hit_rate predicted explained "
    "misses effective_workers origin_s wall_s requests_per_second lives accounted caveats",
    "hit_rate low high closed_form",
    "per_process shared",
    "first fragmentation restart expired evicted unexplained",
    "server slot generation pid requests lookups hits hit_rate share",
    "samples tallies lost",
)


def read(summary: Summary) -> Any:
    return json.loads(render_json(summary))


def test_fields_come_by_the_promised_names_in_the_promised_order() -> None:
    run = read(make_summary())
    trial = run["trials"][0]
    parts = (run, trial, trial["predicted"], trial["explained"], trial["misses"])
    for names, part in zip(PROMISED, (*parts, trial["lives"][0], trial["accounted"]), strict=True):
        wanted = names.split()
        assert list(part)[: len(wanted)] == wanted


@pytest.mark.parametrize("summary", cases().values(), ids=cases())
def test_every_figure_survives_the_round_trip(summary: Summary) -> None:
    expected = json.loads(json.dumps(asdict(summary)))
    for trial in expected["trials"]:
        setup = trial.pop("setup")
        names = ("backend", "workers", "servers", "threads")
        trial |= {name: setup["axes"][name] for name in names}
        trial |= {"server": setup["axes"]["worker_class"], "varied": setup["varied"]}
        if trial["predicted"]:
            trial["predicted"]["hit_rate"] = trial["predicted"].pop("value")
        for name, interval in (trial["restart"] or {}).items():
            if name in EXPECTED and interval:
                interval["mean"] = interval.pop("value")
    assert read(summary) == expected


def test_a_number_that_is_not_finite_becomes_null() -> None:
    run = read(make_summary(make_trial(hit_rate=float("nan"), origin_s=float("inf"))))
    assert run["trials"][0]["hit_rate"] is None
    assert run["trials"][0]["origin_s"] is None


def test_a_read_only_environment_is_passed_through() -> None:
    environment = MappingProxyType({"redis": {"kind": "valkey"}, "cores": 2})
    assert read(make_summary(environment=environment))["environment"] == dict(environment)


def test_text_is_ascii_so_that_any_pipe_can_carry_it() -> None:
    text = render_json(make_summary(question="Wie groß?"))
    assert text.isascii()
    assert text.endswith("}\n")
