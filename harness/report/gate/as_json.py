"""A check or a comparison as JSON: what `result.json` has, and the verdicts.

Passes every figure on as it is.
"""

from __future__ import annotations

import json
from typing import Any

from harness.analysis.summary import Summary
from harness.gate.changes import Changes
from harness.gate.check import CheckResult
from harness.report.formats.json import plain


def render_check_json(check: CheckResult, summary: Summary | None, exit_code: int) -> str:
    """Return the run with a key "check", ending in a newline; that key alone without a run."""
    told: dict[str, Any] = plain(summary) if summary else {}
    told["check"] = {
        "scenario": check.scenario,
        "exit_code": exit_code,
        "cases": plain(check.cases),
        "changes": _changes(check.changes) if check.changes else None,
    }
    return json.dumps(told, indent=2, allow_nan=False) + "\n"


def render_changes_json(changes: Changes) -> str:
    """Return a comparison, ending in a newline."""
    return json.dumps(_changes(changes), indent=2, allow_nan=False) + "\n"


def _changes(changes: Changes) -> dict[str, Any]:
    return {"verdict": str(changes.verdict), **plain(changes)}
