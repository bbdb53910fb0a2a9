"""Which metrics of a duel are judged, how, and from which effect on they are of weight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

Scale = Literal["ratio", "difference"]
Unit = Literal["s", "share", "count"]

ALPHA = 0.01
"""Chance that one duel of two things that are alike calls any metric better or worse."""
RELATIVE_FLOOR = 0.03
"""From this change of a time on; two servers that are alike may well differ by 1 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How one metric is judged.

    A `ratio` is judged by its relative change, a `difference` by the change itself. What changes
    by no more than the larger of both floors is of no weight; `absolute` is in the unit of the
    metric. `at_equal_hits`: what the luck of hits has done to a round is taken out of it, so that
    it tells of the work and not of the misses. A duel may pass only once every `required` metric is
    settled. The others may well have too few values for that, and raise the alarm all the same.
    """

    name: str
    unit: Unit
    scale: Scale
    higher_is_better: bool = False
    relative: float = 0.0
    absolute: float = 0.0
    at_equal_hits: bool = False
    required: bool = False


def _time(name: str, absolute: float, *, required: bool = False) -> Rule:
    return Rule(
        name=name,
        unit="s",
        scale="ratio",
        relative=RELATIVE_FLOOR,
        absolute=absolute,
        required=required,
    )


RULES: Sequence[Rule] = (
    Rule(name="failed", unit="share", scale="difference", absolute=0.001, required=True),
    Rule(
        name="hit_rate",
        unit="share",
        scale="difference",
        higher_is_better=True,
        absolute=0.01,
        required=True,
    ),
    Rule(
        name="origin_calls_per_request",
        unit="count",
        scale="difference",
        absolute=0.01,
    ),
    replace(_time("cpu_per_request", 20e-6, required=True), at_equal_hits=True),
    _time("request_median", 50e-6, required=True),
    _time("request_mean", 50e-6),
    # The shape: hits and misses are two modes, and the median may stand still while one moves.
    _time("request_p90", 50e-6),
    _time("request_hit_median", 50e-6),
    _time("request_miss_median", 50e-6),
    _time("lookup_median", 5e-6),
)
"""Every metric of a duel, in the order in which it is told."""

SHAPE = ("request_p90", "request_hit_median", "request_miss_median")


def with_floors(
    relative: float | None = None, absolute: Mapping[str, float] | None = None
) -> tuple[Rule, ...]:
    """Return the rules with another relative floor for every time, and absolute ones by name."""
    floors = absolute or {}
    return tuple(
        replace(
            rule,
            relative=rule.relative if relative is None or rule.scale != "ratio" else relative,
            absolute=floors.get(rule.name, rule.absolute),
        )
        for rule in RULES
    )
