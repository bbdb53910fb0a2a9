"""`Summary` to the JSON of `result.json`. Names and order are a promise to other programs.

Passes every figure on as it is; knows nothing of screens.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from harness.analysis.summary import Prediction, Summary, TrialSummary
from harness.report.formats import Report
from harness.stats.interval import Interval

if TYPE_CHECKING:
    from rich.console import Console

RUN_FIELDS = (
    "format",
    "scenario",
    "run_dir",
    "valid",
    "environment",
    "seed",
    "trials",
    "wall_s",
)
TRIAL_FIELDS = (
    "backend",
    "server",
    "servers",
    "workers",
    "requests",
    "failures",
    "lookups",
    "hits",
    "hit_rate",
    "predicted",
    "explained",
    "misses",
    "effective_workers",
    "origin_s",
    "wall_s",
    "requests_per_second",
    "lives",
    "accounted",
    "caveats",
)
PROMISED: dict[type, tuple[str, ...]] = {Summary: RUN_FIELDS, TrialSummary: TRIAL_FIELDS}
"""Fields that come first, in this order; whatever else a record has follows them."""


EXPECTED = ("expected", "predicted", "predicted_by_cause", "predicted_vs_control")
"""Fields that hold what theory expects: the figure of such an interval is a mean."""


def write(report: Report, console: "Console") -> None:
    """Write the run as indented JSON in ASCII, ending in a newline."""
    console.file.write(render_json(report.summary, report.result))


def render_json(summary: Summary, result: Mapping[str, object] | None = None) -> str:
    """Return the run as indented JSON in ASCII, ending in a newline.

    `result` holds further records by name, such as that of a duel. A number that is not finite
    becomes null, since JSON has no other word for it.
    """
    return as_json({**plain(summary), **plain(result or {})})


def as_json(content: Mapping[str, Any]) -> str:
    """Return plain values as indented JSON in ASCII, ending in a newline."""
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def plain(value: Any, role: str = "value") -> Any:
    """Return `value` in dicts, lists, strings, numbers and None.

    `role` is what the figure of an interval is called.
    """
    if isinstance(value, Interval):
        bounds = {"low": plain(value.low), "high": plain(value.high)}
        if isinstance(value, Prediction):
            return {"hit_rate": plain(value.value), **bounds, "closed_form": value.closed_form}
        return {role: plain(value.value), **bounds}
    if is_dataclass(value) and not isinstance(value, Mapping):
        return {
            name: plain(getattr(value, name), "mean" if name in EXPECTED else "value")
            for name in _names(type(value))
        }
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _names(record: type) -> list[str]:
    """Return the fields of a record, the promised ones first."""
    first = PROMISED.get(record, ())
    more = [field.name for field in fields(record) if field.name not in (*first, "setup")]
    return [*first, *more, *(("threads", "varied") if record is TrialSummary else ())]
