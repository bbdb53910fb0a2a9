"""The scenarios that come with the harness, in the order in which a newcomer would read them."""

from __future__ import annotations

from pathlib import Path

from harness.scenario.load import load_scenario, scenario_paths
from harness.scenario.schema import Scenario

TOPICS = (
    "What it is",
    "What it costs",
    "What breaks",
    "What a restart does",
    "What to do",
)
"""The headings, in their order; a scenario without one stands at the end."""


def catalogue() -> list[tuple[Path, Scenario]]:
    """Return every scenario with its file, by topic and name. Raises ScenarioError."""
    found = [(path, load_scenario(path)) for path in scenario_paths().values()]
    return sorted(found, key=lambda one: (_rank(one[1].topic), one[1].name))


def _rank(topic: str) -> int:
    return TOPICS.index(topic) if topic in TOPICS else len(TOPICS)
