"""A check against a baseline, on real servers: no change, no alarm; a fault with its cause."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from tests.e2e.processes import Harness

pytestmark = pytest.mark.e2e

SCENARIO = """
question = "Does it hold?"
[matrix]
backend = ["locmem"]
workers = [1] # whose misses do not depend on chance
[load]
requests = 300
keys = 60
[[expect]]
metric = "hit_rate"
at_least = 0.4
"""


def test_a_baseline_holds_until_a_fault_is_planted(harness: Harness) -> None:
    (harness.directory / "own.toml").write_text(SCENARIO)
    first = harness.run("check", "own.toml", "--out", "first")
    assert (first.code, first.stderr.splitlines()[-1]) == (
        0,
        "harness check own: passed (2 passed), exit 0",
    )
    assert harness.run("baseline", "save", "first", "base.json").code == 0

    against = ("--baseline", "base.json", "--junit", "junit.xml", "--json", "check.json")
    same = harness.run("check", "own.toml", *against, "--out", "same")
    assert same.code == 0, same.stderr
    assert "pass: 3 figures judged, 3 pass" in same.stdout

    fault = ("--set", "cache.max_entries=5")
    worse = harness.run("check", "own.toml", *against, *fault, "--out", "worse")
    assert worse.code == 5, worse.stderr
    assert "HX512 hit_rate, locmem, 1 worker: was " in worse.stderr
    assert "more misses.evicted" in worse.stderr
    found = json.loads((harness.directory / "check.json").read_text())
    assert found["check"]["changes"]["settings"] == ["cache.max_entries was 10000, is 5"]
    junit = ElementTree.parse(harness.directory / "junit.xml")
    assert [one.attrib["type"] for one in junit.iter("failure")].count("HX512") == 2

    compared = harness.run("compare", "first", "worse")
    assert compared.code == 5
    assert harness.leftovers() == []
