"""Who may import whom, as data; imports inside of functions count as well.

A row stands for a module, or for a package and all below it that has no row of its own. Each may
import the standard library, what is under the same row, and what the row lists; nothing else.
"""

import ast
import graphlib
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import resolve_name
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

GROUND = (
    "harness.arrays harness.backends harness.errors harness.metrics harness.setup harness.stats"
    " harness.text harness.verdicts harness.wire"
)
"""The ground floor: known to all that is written `ground` in a row, knowing nothing."""

# module or package: (our own modules, separated by blanks; packages of others, likewise)
ALLOWED: Mapping[str, tuple[str, str]] = {
    "harness": ("", ""),
    **dict.fromkeys(GROUND.split(), ("", "")),
    "harness.arrays": ("", "numpy"),
    "harness.verdicts": ("harness.errors", ""),
    "harness.text": ("harness.stats.interval", ""),
    "harness.setup": ("harness.text", ""),
    "harness.stats": ("harness.arrays", "numpy"),
    # What is asked.
    "harness.scenario": ("ground", "pydantic pydantic_core tomli_w"),
    # The measuring half: it never learns what a hit means.
    "harness.servers": (
        "ground harness.record.facts",
        "redis requests",
    ),
    "harness.probe": ("harness.wire", "asgiref django gunicorn"),
    # Inside of Locust's process:
    "harness.load": ("ground harness.record", "numpy"),
    "harness.load.driver": (
        "ground harness.load harness.record",
        "gevent geventhttpclient locust requests urllib3",
    ),
    "harness.load.users": ("harness.load.trace harness.wire", "gevent locust"),
    # Outside of it, next to the servers:
    "harness.load.client": (
        "ground harness.load.protocol harness.scenario.plan harness.servers",
        "",
    ),
    "harness.measure": (
        "ground harness.load.client harness.load.protocol harness.record harness.scenario"
        " harness.servers",
        "numpy",
    ),
    # Where the halves meet.
    "harness.record": ("ground", "numpy pydantic tomli_w"),
    # The reading half: it never learns how the load was made.
    "harness.model": ("ground", "numpy"),
    "harness.forecast": ("ground harness.model", "numpy"),
    "harness.analysis": ("ground harness.model harness.record", "numpy"),
    "harness.gate": (
        "ground harness.analysis harness.load.trace harness.record harness.scenario",
        "numpy pydantic",
    ),
    "harness.report": ("ground harness.analysis harness.forecast harness.gate", "rich"),
    # The one interface to both halves; for the command line, the pytest plugin and notebooks.
    "harness.runs": (
        "ground harness.analysis harness.gate harness.measure harness.record"
        " harness.report.formats.json harness.scenario",
        "numpy",
    ),
    # Everything comes together here, and nobody imports it.
    "harness.__main__": ("harness.cli", ""),
    "harness.cli": ("harness", "click rich"),
    # In the pytest of every project that has the harness installed.
    "harness.pytest_plugin": ("harness.runs", "pytest"),
    # What the harness brings along. The shop does not know that it is measured.
    "demo_app": ("", "django"),
    "locustfiles": ("harness.load.users", "gevent locust"),
}

# A module, and what must not be in memory once it is imported.
UNLOADED: Mapping[str, str] = {
    "harness.cli.main": "numpy rich pydantic requests redis locust gevent gunicorn django",
    "harness.measure.session": "locust gevent gunicorn django rich click",
    "harness.pytest_plugin.plugin": "numpy rich pydantic requests click redis locust gevent django",
    "harness.measure.serve": "locust gevent gunicorn django rich click numpy",
    "harness.probe.gunicorn_conf": "numpy rich pydantic requests click locust gevent",
    "harness.runs": "locust gevent gunicorn django rich click redis requests",
    "harness.analysis.summary": "locust gevent gunicorn django redis rich",
}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES: Mapping[str, Path] = {
    module_name(path): path
    for top in ("harness", "demo_app", "locustfiles")
    for path in sorted((ROOT / top).rglob("*.py"))
    if "_bundled" not in path.parts
}


@cache
def imports(module: str) -> frozenset[str]:
    """Return the full name of each module that a module's text imports."""
    return frozenset(_imports(module))


def _imports(module: str) -> Iterator[str]:
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), package)
            for alias in node.names:
                name = f"{base}.{alias.name}"
                yield name if name in MODULES else base


def is_under(module: str, prefixes: str) -> bool:
    return any(module == prefix or module.startswith(f"{prefix}.") for prefix in prefixes.split())


def row_of(module: str) -> str:
    """Return the closest row of the table, "" if there is none."""
    # The bare package is no home for new modules: each states what it may know.
    rows = [row for row in ALLOWED if is_under(module, row) and row != "harness"]
    return max(rows, key=len, default="harness" if module == "harness" else "")


def is_allowed(imported: str, row: str) -> bool:
    ours, others = ALLOWED[row]
    ours = ours.replace("ground", GROUND)
    if imported.partition(".")[0] in sys.stdlib_module_names:
        return True
    own = row if row != "harness" else ""
    return is_under(imported, f"{own} {ours} {others}")


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_what_its_row_allows(module: str) -> None:
    row = row_of(module)
    assert row, f"{module} has no row in ALLOWED: say there what it may import"
    refused = sorted({name for name in imports(module) if not is_allowed(name, row)})
    assert not refused, f"{module} may not import {', '.join(refused)} (row {row})"


def test_no_imports_go_in_a_circle() -> None:
    graph = {module: {name for name in imports(module) if name in MODULES} for module in MODULES}
    for module, imported in graph.items():
        imported.discard(module)
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        pytest.fail(f"imports in a circle: {' <- '.join(error.args[1])}")


def test_nobody_imports_the_command_line() -> None:
    outside = [name for name in MODULES if not is_under(name, "harness.cli harness.__main__")]
    guilty = [name for name in outside if any(is_under(x, "harness.cli") for x in imports(name))]
    assert guilty == []


@pytest.mark.parametrize("module", UNLOADED)
def test_importing_a_module_leaves_heavy_parts_alone(module: str) -> None:
    if module not in MODULES:
        pytest.skip(f"{module} is not written yet")
    code = (
        f"import sys, {module}; print(*(n for n in {UNLOADED[module].split()} if n in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


def test_the_checker_refuses_what_it_should() -> None:
    assert row_of("harness.load.driver") == "harness.load.driver"
    assert row_of("harness.new_module") == ""
    assert is_allowed("harness.wire", "harness.probe")
    assert not is_allowed("harness.errors", "harness.probe")
    assert not is_allowed("harness.wire_tap", "harness.probe")
    assert not is_allowed("harness.analysis", "harness")
    assert not is_allowed("locust", "harness.measure")
    assert not is_allowed("harness.wire", "demo_app")
