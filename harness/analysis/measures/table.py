"""All measures there are. A new one is a record in a module of its subject, and a line here."""

from __future__ import annotations

from collections.abc import Mapping

from harness.analysis.measures import (
    cost,
    counters,
    inside,
    locations,
    lock,
    sessions,
    sharing,
    stale,
    stampede,
    throttle,
    timeout,
    visits,
)
from harness.analysis.measures.measure import Measure

SUBJECTS = (
    throttle,
    inside,
    timeout,
    cost,
    sharing,
    sessions,
    visits,
    stale,
    locations,
    lock,
    stampede,
    counters,
)

MEASURES: Mapping[str, Measure] = {
    measure.name: measure for subject in SUBJECTS for measure in subject.MEASURES
}
