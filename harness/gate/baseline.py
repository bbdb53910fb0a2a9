"""The baseline file: the figures of one run as small JSON, fit to be kept with the code.

A checksum over everything else tells a file that was cut off or edited by hand.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.analysis.metrics import METRICS
from harness.analysis.summary import Figure
from harness.errors import BaselineError, Problem, UsageError
from harness.gate.identity import Identity
from harness.gate.recorded import RunFigures, TrialFigures
from harness.stats.interval import Interval

KIND, FORMAT = "harness-baseline", 1


def baseline_text(run: RunFigures) -> str:
    """Return the file's text for a run, ending in a newline."""
    content = {
        "kind": KIND,
        "format": FORMAT,
        "identity": asdict(run.identity),
        "settings": run.settings,
        "environment": run.environment,
        "trials": [_trial_content(trial) for trial in run.trials],
    }
    return json.dumps({"checksum": _checksum(content), **content}, indent=1) + "\n"


def read_baseline(path: Path) -> RunFigures:
    """Return the run that a baseline file holds.

    Raises UsageError HX108 if there is no such file, BaselineError HX521 if it is damaged, edited
    or no baseline, HX522 if a newer version wrote it, HX523 if an older one did that counted
    otherwise.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        hint = "`harness baseline save RUN_DIR FILE` makes one"
        what = f"cannot be read: {error.strerror}"
        raise UsageError(Problem(code="HX108", where=str(path), what=what, hint=hint)) from error
    except UnicodeDecodeError as error:
        raise _damaged(path, "is no text") from error
    return _parse(text, path)


def _parse(text: str, path: Path) -> RunFigures:
    try:
        content = json.loads(text)
    except ValueError as error:
        raise _damaged(path, f"is no JSON: {error}") from error
    if not isinstance(content, dict) or content.get("kind") != KIND:
        raise _damaged(path, "is no baseline")
    _refuse_other_formats(content.get("format"), path)
    checksum = content.pop("checksum", None)
    if checksum != _checksum(content):
        raise _damaged(path, "was changed since it was saved: its checksum does not fit")
    try:
        return _recorded(content, str(path))
    except (KeyError, TypeError, AttributeError) as error:
        raise _damaged(path, f"lacks something: {type(error).__name__}: {error}") from error


def _refuse_other_formats(found: Any, path: Path) -> None:
    if not isinstance(found, int):
        raise _damaged(path, f"has format {found!r}")
    if found == FORMAT:
        return
    newer = found > FORMAT
    raise BaselineError(
        Problem(
            code="HX522" if newer else "HX523",
            where=str(path),
            what=f"has format {found}, this version reads {FORMAT}",
            hint="upgrade the harness" if newer else "save it anew, from a run of today",
        )
    )


def _damaged(path: Path, what: str) -> BaselineError:
    hint = "restore it, or save it anew with `harness baseline save RUN_DIR FILE --replace`"
    return BaselineError(Problem(code="HX521", where=str(path), what=what, hint=hint))


def _checksum(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _trial_content(trial: TrialFigures) -> dict[str, Any]:
    return {
        "setup": trial.setup,
        "requests": trial.requests,
        "lookups": trial.lookups,
        "settled": trial.settled,
        "metrics": {name: _figure_content(figure) for name, figure in trial.figures.items()},
    }


def _figure_content(figure: Figure) -> Any:
    """Return the value alone, or value, mean, low, high where there is a prediction."""
    expected = figure.expected
    if expected is None:
        return figure.value
    return [figure.value, expected.value, expected.low, expected.high]


def _recorded(content: Mapping[str, Any], name: str) -> RunFigures:
    identity = content["identity"]
    return RunFigures(
        name=name,
        identity=Identity(**{**identity, "matrix": tuple(identity["matrix"])}),
        settings=content["settings"],
        environment=content["environment"],
        trials=tuple(map(_trial, content["trials"])),
    )


def _trial(content: Mapping[str, Any]) -> TrialFigures:
    metrics = content["metrics"]
    return TrialFigures(
        setup=content["setup"],
        requests=content["requests"],
        lookups=content["lookups"],
        settled=content["settled"],
        figures={name: _figure(metrics[name]) for name in METRICS if name in metrics},
    )


def _figure(content: Any) -> Figure:
    if not isinstance(content, list):
        return Figure(value=content)
    value, mean, low, high = content
    return Figure(value=value, expected=Interval(value=mean, low=low, high=high))
