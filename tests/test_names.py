"""One name, one thing; plain words; functions that fit on a screen: held over all sources."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from pkgutil import resolve_name

ROOT = Path(__file__).resolve().parent.parent
RULES = tomllib.loads((ROOT / "tests" / "names.toml").read_text(encoding="utf-8"))
MOST_LINES, MOST_ARGUMENTS = 50, 6
PROSE = ("harness", "demo_app", "locustfiles", "scenarios", "docs", "README.md", "CONTRIBUTING.md")
SUFFIXES = {".py", ".toml", ".md", ".html"}
WORDS = {
    # Letters end a word and underscores do not, so that identifiers are read as well.
    re.compile(f"(?<![a-z])(?:{words})(?![a-z])".replace(" ", r"[\s#]+"), re.IGNORECASE): say
    for words, say in RULES["words"].items()
}

MENTIONED = re.compile(r"`(harness(?:\.\w+)+)`")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources(*tops: str) -> Iterator[Path]:
    for top in tops:
        path = ROOT / top
        found = [path] if path.is_file() else sorted(path.rglob("*"))
        yield from (
            file for file in found if file.suffix in SUFFIXES and "_bundled" not in file.parts
        )


def part_of(path: Path) -> str:
    """Return what a file is counted under: its folder in `harness`, else the folder at the top."""
    parts = path.relative_to(ROOT).parts
    return "/".join(parts[:2]) if parts[0] == "harness" else parts[0]


def found_in(text: str) -> Iterator[str]:
    for pattern, say in WORDS.items():
        for match in pattern.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            yield f"{line}: {' '.join(match[0].split())!r}, say: {say}"


@cache
def definitions() -> list[tuple[Path, Function | ast.ClassDef]]:
    return [
        (path, node)
        for path in sources("harness", "demo_app", "locustfiles")
        if path.suffix == ".py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, Function | ast.ClassDef)
    ]


def functions() -> Iterator[tuple[str, Function]]:
    for path, node in definitions():
        if not isinstance(node, ast.ClassDef):
            yield f"{path.relative_to(ROOT)}:{node.name}", node


def arguments(function: Function) -> int:
    taken = function.args
    names = [*taken.posonlyargs, *taken.args, *taken.kwonlyargs]
    return sum(name.arg not in ("self", "cls") for name in names)


def is_command(function: Function) -> bool:
    return any(".command(" in f"{ast.unparse(each)}(" for each in function.decorator_list)


def test_no_class_name_means_two_things() -> None:
    names = Counter(
        node.name
        for path, node in definitions()
        if path.is_relative_to(ROOT / "harness")
        and isinstance(node, ast.ClassDef)
        and not node.name.startswith("_")
    )
    twice = {name for name, count in names.items() if count > 1}
    assert twice - set(RULES["exceptions"]["classes"]) == set()


def test_words_that_no_engineer_uses_do_not_come_back() -> None:
    left: dict[str, list[str]] = {}
    for path in sources(*PROSE):
        found = [f"{path.relative_to(ROOT)}:{each}" for each in found_in(path.read_text("utf-8"))]
        left.setdefault(part_of(path), []).extend(found)
    grown = [lines for part, lines in left.items() if len(lines) > RULES["still"].get(part, 0)]
    assert not grown, "\n".join(line for lines in grown for line in lines)


def test_every_name_that_prose_mentions_exists() -> None:
    missing = []
    for path in sources(*PROSE):
        for name in sorted(set(MENTIONED.findall(path.read_text(encoding="utf-8")))):
            try:
                resolve_name(name)
            except (ImportError, AttributeError):
                missing.append(f"{path.relative_to(ROOT)}: {name}")
    assert not missing, "\n".join(missing)


def test_every_function_fits_on_a_screen() -> None:
    long = {
        name
        for name, node in functions()
        if (node.end_lineno or node.lineno) - node.lineno >= MOST_LINES
    }
    assert long - set(RULES["exceptions"]["functions"]) == set()


def test_no_function_but_a_command_takes_more_than_six_arguments() -> None:
    wide = {
        name
        for name, node in functions()
        if arguments(node) > MOST_ARGUMENTS and not is_command(node)
    }
    assert wide - set(RULES["exceptions"]["functions"]) == set()


def test_words_are_found_in_identifiers_and_across_lines() -> None:
    text = "def told_apart(): ...\n# It stands\n# on this.\nTold = 1\nforetold = retelling"
    assert [found.partition(", say")[0] for found in found_in(text)] == [
        "1: 'told'",
        "4: 'Told'",
        "2: 'stands # on'",
    ]
