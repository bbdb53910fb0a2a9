"""All measures there are. A new one is a row in `harness.metrics` and a function registered here.

A function of a subject that exists is registered in its module's MEASURES.
"""

from collections.abc import Mapping

from harness.analysis.measures import concurrency, consistency, lookups, memory, pages
from harness.analysis.measures.measure import Measure

SUBJECTS = (concurrency, memory, lookups, pages, consistency)

MEASURES: Mapping[str, Measure] = {
    measure.name: measure for subject in SUBJECTS for measure in subject.MEASURES
}
