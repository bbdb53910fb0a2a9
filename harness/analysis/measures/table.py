"""All measures there are. A new one is a record in a module of its subject, and a line here."""

from __future__ import annotations

from collections.abc import Mapping

from harness.analysis.measures import (
    cost,
    inside,
    lock,
    sessions,
    sharing,
    throttle,
    timeout,
    visits,
)
from harness.analysis.measures.measure import Measure

MEASURES: Mapping[str, Measure] = {
    measure.name: measure
    for subject in (throttle, inside, timeout, cost, sharing, sessions, visits, lock)
    for measure in subject.MEASURES
}
