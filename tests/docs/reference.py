"""The reference pages of `docs/`, made from the code's own tables: nothing in them is typed twice.

`PAGES` maps each file below `docs/reference` to the function that returns its text.
"""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from inspect import getdoc
from itertools import groupby
from typing import Any, TypeGuard, get_args

import click

from harness import errors
from harness.analysis import summary
from harness.analysis.metrics import COMPUTED
from harness.analysis.rounds import PER_ROUND
from harness.backends import BACKENDS
from harness.cli.main import cli, load_verb
from harness.metrics import METRICS, Metric
from harness.record import rundir, samples
from harness.record.samples import LOOKUP_COLUMNS
from harness.scenario import schema
from harness.scenario.load import TOPICS, catalogue
from harness.scenario.parse import scenario_schema
from harness.wire import TALLY_COUNTS

WIDTH = 80
HEADER = "<!-- Made by `make docs` from the code. Change the code, not this page. -->\n"


def commands() -> str:
    """Return the help of every verb, as a terminal shows it."""
    lines = ["# Commands", "What `harness --help` and `harness VERB --help` print.", _help("")]
    for name in sorted(cli.commands):
        lines += [f"## harness {name}", _help(name)]
        for sub in sorted(getattr(load_verb(name), "commands", {})):
            lines += [f"### harness {name} {sub}", _help(f"{name} {sub}")]
    return _page(*lines)


def _help(words: str) -> str:
    command: click.Command = cli
    context = _context(cli, "harness")
    for word in words.split():
        assert isinstance(command, click.Group)
        command = load_verb(word) if command is cli else command.commands[word]
        context = _context(command, word, context)
    return _fenced("text", command.get_help(context))


def _context(
    command: click.Command, name: str, parent: click.Context | None = None
) -> click.Context:
    settings = {**command.context_settings, "terminal_width": WIDTH, "max_content_width": WIDTH}
    return click.Context(command, info_name=name, parent=parent, **settings)


def scenario() -> str:
    """Return every key of a scenario with its meaning, values and default."""
    found = scenario_schema()
    tables = {"": found, **{name: found["$defs"][name] for name in found["$defs"]}}
    lines = [
        "# Scenario keys",
        "A scenario is a TOML file. `--set KEY=VALUE` changes any key from the command line, and"
        " `harness show NAME` shows the values of a scenario. An unknown key is an error. Editors"
        " complete and check the keys with the JSON Schema that comes with the harness:"
        " [In an editor](../how-to/own-scenario.md#in-an-editor).",
        *_keys(schema.Scenario, "At the top", tables[""], tables),
    ]
    return _page(*lines)


def _keys(
    record: type, title: str, table: Mapping[str, Any], tables: Mapping[str, Any], prefix: str = ""
) -> Iterator[str]:
    """Yield the section of one table of a scenario, and then those of the tables in it."""
    properties, below, rows = table["properties"], [], []
    for field in dataclasses.fields(record):
        content = properties[field.name]
        inner = re.search(r'"\$ref": "#/\$defs/(\w+)"', str(content).replace("'", '"'))
        if inner:
            array = content.get("type") == "array"
            below.append((getattr(schema, inner[1]), f"{prefix}{field.name}", array))
            continue
        required = field.name in table.get("required", ())
        default = "required" if required else _default(content)
        meaning = content.get("description", "")
        rows.append((f"`{prefix}{field.name}`", meaning, _values(content), default))
    yield f"## {title}"
    yield _paragraphs(record)
    yield _table(("key", "meaning", "values", "default"), rows)
    for inner_record, name, array in below:
        heading = f"`[[{name}]]`" if array else f"`[{name}]`"
        yield from _keys(
            inner_record,
            heading,
            tables[inner_record.__name__],
            tables,
            "" if array else f"{name}.",
        )


def _default(content: Mapping[str, Any]) -> str:
    value = content.get("default", "")
    if value is None:
        return "none"
    if value in ("", [], ()):
        return "empty"
    if isinstance(value, list | tuple):
        return ", ".join(f"`{item}`" for item in value)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _values(content: Mapping[str, Any]) -> str:
    """Return in words what a key may hold, from its JSON Schema."""
    if "anyOf" in content:
        parts = [_values(one) for one in content["anyOf"] if one.get("type") != "null"]
        return " or ".join(dict.fromkeys(parts))
    if "enum" in content:
        return ", ".join(f"`{value}`" for value in content["enum"])
    if "const" in content:
        return f"`{content['const']}`"
    match content.get("type"):
        case "array":
            return f"list of: {_values(content['items'])}" if "items" in content else "low, high"
        case "integer":
            return "whole number" + _bounds(content)
        case "number":
            return "number" + _bounds(content)
        case "boolean":
            return "`true`, `false`"
        case "string":
            return "text"
        case "object":
            return "table"
    return "any value"


def _bounds(content: Mapping[str, Any]) -> str:
    words = {
        "minimum": "from {}",
        "exclusiveMinimum": "above {}",
        "maximum": "up to {}",
        "exclusiveMaximum": "below {}",
    }
    found = [
        text.format(content[name])
        for name, text in words.items()
        if name in content and content[name] < sys.maxsize
    ]
    return f" {', '.join(found)}" if found else ""


def scenarios() -> str:
    """Return what each bundled scenario asks, claims and measures."""
    lines = [
        "# Scenarios",
        "What `harness list` lists. [What the scenarios show](../how-to/scenarios.md) has the"
        " figures of one run of each.",
    ]
    for topic in TOPICS:
        lines.append(f"## {topic}")
        for _, one in catalogue():
            if one.topic == topic:
                lines += [
                    f"### {one.name}",
                    f"*{_one_line(one.question)}*",
                    _one_line(one.claim),
                    _one_line(one.lesson),
                    f"Evidence: {', '.join(f'`{name}`' for name in one.evidence)}."
                    + (f" In the browser: {_one_line(one.look)}" if one.look else ""),
                ]
    return _page(*lines)


def metrics() -> str:
    """Return every metric with unit, direction and minimum effect size."""
    rows = [
        (
            f"`{one.name}`",
            one.meaning,
            one.unit,
            one.better or "-",
            _min_effect(one),
            _timed(one),
            _measured_in(one),
        )
        for one in METRICS.values()
    ]
    return _page(
        "# Metrics",
        "Metrics of a trial are what an `[[expect]]` may name, and what `harness check` and"
        " `harness compare` compare; those of a duel are what `harness duel` compares. A"
        " trial that does not have it has none, which is never taken for zero. Counts do not depend"
        " on the machine. Metrics that are timed do: between two runs they are shown, and never"
        " decide.",
        "A change up to the minimum effect size is not significant. Where two are named, the larger"
        " one counts.",
        _table(("metric", "meaning", "unit", "better", "minimum effect size", "timed", "of"), rows),
    )


def _min_effect(metric: Metric) -> str:
    units = {"s": f"{metric.min_effect * 1e6:g} µs", "share": f"{metric.min_effect:g}"}
    found = [units.get(metric.unit, f"{metric.min_effect:g}")] if metric.min_effect else []
    if metric.min_relative_effect:
        found.append(f"{metric.min_relative_effect * 100:g} %")
    return ", ".join(found) or "none"


def _timed(metric: Metric) -> str:
    return "yes" if metric.timed else "no"


def _measured_in(metric: Metric) -> str:
    among = {"trial": COMPUTED, "duel": PER_ROUND}
    return ", ".join(name for name, names in among.items() if metric.name in names)


def error_codes() -> str:
    """Return every error code, by family, with the exit code that it leads to."""
    lines = [
        "# Errors and exit codes",
        "Every failure that a user can cause has a code, a place, what was found, what is wanted,"
        " and a hint.",
    ]
    rows = [(f"`{code}`", meaning) for code, meaning in errors.EXIT_CODES.items()]
    lines += ["## Exit codes", _table(("exit code", "meaning"), rows), "## Error codes"]
    lines.append("`harness explain CODE` shows the same in the terminal.")
    for family, codes in groupby(errors.CODES, key=errors.family_of):
        table = [(f"`{c}`", errors.CODES[c].meaning, errors.CODES[c].advice) for c in codes]
        lines += [
            f"### {family.prefix.ljust(5, 'x')}: exit code {family.exit_code}",
            family.__doc__ or "",
            _table(("code", "meaning", "what to do"), table),
        ]
    return _page(*lines)


def result() -> str:
    """Return the fields of `result.json`, record by record."""
    lines = [
        "# result.json",
        "`harness run --format json` prints it, and every run directory keeps it. Names are a"
        " promise to other programs. A number that is unknown is `null`, never 0; fractions lie"
        " between 0 and 1; fields that end in `_s` are seconds.",
    ]
    for record in _records(summary.Summary):
        lines += [f"## {record.__name__}", _paragraphs(record)]
        rows = [(f"`{field.name}`", _linked(_annotation(field))) for field in _fields(record)]
        lines.append(_table(("field", "type"), rows))
    causes = [(f"`{cause.value}`", CAUSES[cause.value]) for cause in summary.Cause]
    lines += ["## Causes of misses", "The keys of `misses`.", _table(("cause", "meaning"), causes)]
    return _page(*lines)


CAUSES = {
    "first": "nobody had stored the key: any cache would miss it",
    "fragmentation": "another worker had it, in memory that this one cannot see",
    "restart": "an earlier worker in this slot had it and took it along",
    "expired": "its timeout had passed",
    "evicted": "`MAX_ENTRIES` had pushed it out",
    "unexplained": "the replay says that it should have been a hit",
    "deleted": "the app itself had removed it",
}


JSON_TYPES = {
    "| None": "or `null`",
    "tuple[": "list of ",
    "Sequence[": "list of ",
    "Mapping[": "object of ",
    "Any": "any values",
    "str": "text",
    "int": "whole number",
    "float": "number",
    "bool": "`true` or `false`",
}


def _records(top: type) -> list[type]:
    """Return a record and every record that its fields mention, in the order of mention."""
    found, waiting = [], [top]
    while waiting:
        record = waiting.pop(0)
        if record not in found:
            found.append(record)
            for field in _fields(record):
                inner = (getattr(summary, name, None) for name in _names(_annotation(field)))
                waiting += [one for one in inner if _is_record(one)]
    return found


def _is_record(found: object) -> TypeGuard[type]:
    return isinstance(found, type) and dataclasses.is_dataclass(found)


def _fields(record: type) -> Sequence[dataclasses.Field[Any]]:
    return dataclasses.fields(record)


def _annotation(field: dataclasses.Field[Any]) -> str:
    """Return the type of a field as its source has it, without the modules."""
    kind = field.type
    text = kind.__name__ if isinstance(kind, type) and not get_args(kind) else str(kind)
    return re.sub(r"\b[a-z_.]+\.(?=\w)", "", text)


def _names(annotation: str) -> list[str]:
    return re.findall(r"\w+", annotation)


def _linked(annotation: str) -> str:
    """Return a type for readers of JSON, with links to the records that it names."""
    text = annotation.replace(", ...]", "]").replace("str, ", "").replace("]", "")
    for ours, name in JSON_TYPES.items():
        text = text.replace(ours, name)
    return re.sub(
        r"\w+",
        lambda word: (
            f"[{word[0]}](#{word[0].lower()})"
            if _is_record(getattr(summary, word[0], None))
            else word[0]
        ),
        text,
    )


def run_directory() -> str:
    """Return the files of a run directory, and the columns of its samples and lookups."""
    _, files, *rest = (rundir.__doc__ or "").strip().split("\n\n")
    return _page(
        "# Run directory",
        "Where the measuring half ends and the reading half begins. A run is kept in"
        " `runs/SCENARIO-TIME`, or where `--out` says.",
        _fenced("text", files),
        *(_one_line(part) for part in rest),
        "## Lookups of a run",
        "The fields of `runs.read(RUN_DIR).lookups` and the columns of its CSV file, one row for"
        " each lookup of all trials. `request` is the row of the request in its trial.",
        _columns(LOOKUP_COLUMNS),
        "## Samples of a trial",
        "The columns of `samples.npz`. Requests are in the order in which they were due; lookups,"
        " writes and response fields in the order of their requests.",
        _columns(samples.COLUMNS, rows=True),
        "## Counts of a worker",
        "Each worker counts in a memory-mapped file that outlives it: "
        + ", ".join(f"`{name}`" for name in TALLY_COUNTS)
        + ".",
    )


def _columns(columns: Mapping[str, samples.Column], *, rows: bool = False) -> str:
    found = [
        (f"`{name}`", *([one.rows] if rows else []), one.text, one.unit or "-")
        for name, one in columns.items()
    ]
    return _table(
        ("column", *(["one row for each of the"] if rows else []), "meaning", "unit"), found
    )


def backends() -> str:
    """Return every backend with its class, its server and its rules."""
    rows = [
        (
            f"`{row.name}`",
            f"`{row.class_name}`" if row.name != "unset" else f"none set, so `{row.class_name}`",
            "each process its own"
            if row.per_process
            else "shared"
            if row.keeps
            else "keeps nothing",
            row.service or "none",
        )
        for row in BACKENDS.values()
    ]
    rules = [
        (
            f"`{row.name}`",
            row.rules.clear,
            {True: "yes", False: "no", None: "unknown"}[row.rules.has_key_renews],
            row.rules.timeouts or "unknown",
            row.rules.culls or "not by MAX_ENTRIES, or unknown",
        )
        for row in BACKENDS.values()
    ]
    return _page(
        "# Backends",
        "What `matrix.backend` and `--backend` may name.",
        _table(("backend", "class", "entries", "server"), rows),
        "## Rules",
        "What a backend does with its entries, as the model assumes it; Django 5.2.",
        _table(
            (
                "backend",
                "`clear` removes all in the same",
                "`has_key` renews",
                "timeouts",
                "what goes when it is full",
            ),
            rules,
        ),
    )


def _page(*blocks: str) -> str:
    title, *rest = (block for block in blocks if block)
    return "\n\n".join([title, HEADER.strip(), *rest]) + "\n"


def _fenced(language: str, text: str) -> str:
    return f"```{language}\n{text.rstrip()}\n```"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _paragraphs(record: type) -> str:
    """Return a docstring as paragraphs of one line each."""
    parts = (getdoc(record) or "").split("\n\n")
    return "\n\n".join(_one_line(part) for part in parts)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines
    )


PAGES: Mapping[str, Callable[[], str]] = {
    "commands.md": commands,
    "scenarios.md": scenarios,
    "scenario-keys.md": scenario,
    "metrics.md": metrics,
    "errors.md": error_codes,
    "result.md": result,
    "run-directory.md": run_directory,
    "backends.md": backends,
}
