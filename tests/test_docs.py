"""The documentation says what is so: commands, keys, codes, files and links are checked."""

from __future__ import annotations

import re
import runpy
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from harness import runs
from harness.analysis.caveats import CHECKS
from harness.analysis.summary import Cause
from harness.cli.main import cli, load_verb, main
from harness.cli.shared import overrides
from harness.errors import CODES
from harness.scenario.load import find_scenario, load_scenario, scenario_paths
from harness.scenario.schema import PLACEHOLDERS
from tests.docs.commands import MEASURED, NOT_RUN, RUN, SHORTENED
from tests.docs.console import ROOT, Shown, files_in, matches, pages, shown_in
from tests.docs.house import picture
from tests.docs.reference import CAUSES, PAGES
from tests.docs.workshop import furnish

TEXTS = pages()
README = TEXTS["README.md"]
SHOWN = {name: list(shown_in(name, text)) for name, text in TEXTS.items()}
COMMANDS = sorted({one.command for shown in SHOWN.values() for one in shown})
SOURCES = [path.read_text(encoding="utf-8") for path in (ROOT / "harness").rglob("*.py")]
TARGETS = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)


def rows(page: str) -> dict[str, str]:
    """Return the first two cells of each row of a page's tables whose first is code."""
    return dict(re.findall(r"^ *\| `([^`|]+)` \| ([^|\n]+?) \|", TEXTS[page], flags=re.MULTILINE))


# Commands


def test_every_command_is_run_or_listed_with_the_reason() -> None:
    listed = [*RUN, *SHORTENED, *MEASURED, *NOT_RUN]
    assert sorted(listed) == COMMANDS
    assert len(set(listed)) == len(listed)


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current directory: one with the runs that the documentation talks of."""
    furnish(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [name for name in SHOWN if any(x.command in RUN for x in SHOWN[name])]
)
def test_what_a_page_shows_is_what_its_commands_print(
    page: str, workshop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    furnish(workshop, TEXTS[page])
    printed: dict[str, str] = {}
    for one in SHOWN[page]:
        if one.command in RUN:
            if one.command not in printed:
                printed[one.command] = run(one, capsys)
            assert not one.output or matches(printed[one.command], one.output), one


def run(one: Shown, capsys: pytest.CaptureFixture[str]) -> str:
    command, _, into = one.command.partition(" > ")
    program, *words = shlex.split(command)
    if program == "python":
        runpy.run_path(words[0])
    else:
        assert main(words) == 0, one
    printed = capsys.readouterr().out
    if into:
        Path(into).write_text(printed, encoding="utf-8")
    return printed


@pytest.mark.parametrize("line", [*MEASURED, *(c for c in SHORTENED if c.startswith("harness "))])
def test_every_command_that_measures_could_begin(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    furnish(tmp_path, *TEXTS.values())
    monkeypatch.chdir(tmp_path)
    Path("baseline.json").touch()
    _, verb, *arguments = shlex.split(line.partition(" > ")[0])
    if verb == "run":
        assert main([verb, *arguments, "--dry-run"]) == 0
        return
    command = load_verb(verb)
    parent = click.Context(cli, **cli.context_settings)
    with command.make_context(verb, arguments, parent) as context:
        options = {
            name: context.params[name]
            for name in ("workers", "backend", "requests", "users", "keys", "seed")
            if name in context.params
        }
        if "settings" in context.params:
            chosen = overrides(context.params["settings"], **options)
            load_scenario(find_scenario(context.params["scenario"]), chosen)


@pytest.mark.parametrize("file", sorted({*MEASURED.values(), "tests/e2e/test_docs.py"}))
def test_what_measures_is_measured_by_an_end_to_end_test(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    assert "pytest.mark.e2e" in text
    verbs = {line.split()[1] for line, found in MEASURED.items() if found == file}
    assert [verb for verb in verbs if f'"{verb}"' not in text] == []


def test_every_verb_is_in_the_documentation() -> None:
    used = {shlex.split(command)[1] for command in COMMANDS if command.startswith("harness ")}
    assert set(cli.list_commands(click.Context(cli))) - used == set()


def test_every_make_target_that_is_named_exists_and_has_help() -> None:
    named = set(re.findall(r"[`$] ?make ([a-z-]+)", "\n".join(TEXTS.values())))
    assert {"demo", "test", "check", "docs", "bench"} <= named <= set(TARGETS)


def test_every_python_file_that_a_page_shows_compiles() -> None:
    files = {name: text for page in TEXTS.values() for name, text in files_in(page).items()}
    for name, text in files.items():
        if name.endswith(".py"):
            compile(text, name, "exec")
    assert len(files) >= 8


# Tables


@pytest.mark.parametrize("name", PAGES)
def test_a_reference_page_is_what_the_code_says(name: str) -> None:
    """`make docs` writes it."""
    assert TEXTS[f"docs/reference/{name}"] == PAGES[name]()


def test_the_picture_of_the_house_is_the_table_of_imports() -> None:
    """`make docs` draws it."""
    assert f"```mermaid\n{picture()}```" in TEXTS["CONTRIBUTING.md"]


def test_every_folder_of_the_harness_is_described() -> None:
    folders = {str(path.parent.relative_to(ROOT)) for path in ROOT.glob("harness/*/__init__.py")}
    described = re.findall(r"^\| `(harness/\w+)` \|", TEXTS["CONTRIBUTING.md"], flags=re.MULTILINE)
    assert folders == set(described)


def test_every_error_code_is_used_somewhere() -> None:
    used = {code for source in SOURCES for code in re.findall(r'"(HX\d{3})"', source)}
    assert used == set(CODES)
    text = "".join(SOURCES)
    raised = {code for code in CODES if text.count(f'"{code}"') > 1}
    assert raised == set(CODES)


def test_every_cause_of_a_miss_is_explained_in_the_same_words() -> None:
    explained = rows("docs/how-it-knows.md")
    assert {cause.value: explained[cause.value] for cause in Cause} == CAUSES


def test_every_caveat_is_explained() -> None:
    assert list(rows("docs/reference/caveats.md")) == list(CHECKS)


def test_every_placeholder_is_explained() -> None:
    explained = {name.strip("{}") for name in rows("docs/how-to/own-project.md")}
    assert explained == set(PLACEHOLDERS)


@pytest.mark.parametrize("name", scenario_paths())
def test_every_scenario_has_a_line_with_what_it_showed(name: str) -> None:
    assert name in rows("docs/how-to/scenarios.md")


# Files and links


def test_every_file_that_is_linked_or_named_exists() -> None:
    missing = []
    for page, text in TEXTS.items():
        links = re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", text)
        missing += [link for link in links if not (ROOT / page).parent.joinpath(link).exists()]
        named = re.findall(r"`((?:harness|scenarios|locustfiles|tests|demo_app)/[\w./]*)`", text)
        missing += [path for path in named if not (ROOT / path).exists()]
    assert missing == []


def test_every_page_is_in_the_navigation() -> None:
    content = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    found = {str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")}
    assert set(_pages(content["nav"])) == found


def _pages(entries: list[object]) -> Iterator[str]:
    for entry in entries:
        for value in entry.values() if isinstance(entry, dict) else [entry]:
            yield from _pages(value) if isinstance(value, list) else [str(value)]


@pytest.mark.slow
def test_the_documentation_builds_without_a_warning(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    command = [sys.executable, "-m", "zensical", "build", "--strict"]
    built = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    for page in (tmp_path / "docs").rglob("*.md"):
        html = tmp_path / "site" / page.relative_to(tmp_path / "docs").with_suffix(".html")
        assert html.is_file()


def test_the_readme_fits_on_a_few_screens() -> None:
    assert len(README.splitlines()) <= 160


@pytest.mark.slow
def test_the_figures_in_the_readme_are_those_of_the_run_in_its_picture() -> None:
    summary = runs.read(ROOT / "tests" / "runs" / "hit-rate").summary
    rates = {one.setup.label: one.hit_rate or 0.0 for one in summary.trials}
    few, many = rates["locmem, 1 worker"], rates["locmem, 8 workers"]
    sentence = f"{few:.1%} of the lookups with one worker and {many:.1%} with eight"
    assert sentence.replace("%", " %") in " ".join(README.split())
    assert min(rate for label, rate in rates.items() if label.startswith("redis")) > 0.9
    assert f"each of the {len(scenario_paths())} scenarios" in README


def test_the_command_group_is_what_the_package_installs() -> None:
    assert isinstance(cli, click.Group)
    assert 'harness = "harness.cli.main:main"' in (ROOT / "pyproject.toml").read_text()
