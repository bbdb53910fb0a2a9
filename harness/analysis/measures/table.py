"""All measures there are. A new one is a record in a module of its subject, and a line here."""

from __future__ import annotations

from collections.abc import Mapping

from harness.analysis.measures import throttle
from harness.analysis.measures.measure import Measure

MEASURES: Mapping[str, Measure] = {measure.name: measure for measure in (*throttle.MEASURES,)}
