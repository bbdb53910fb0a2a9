"""Formats: each renders every kind of block, and a new one is one file."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import get_args

import pytest
from rich.console import Console

from harness.report import formats
from harness.report.blocks import Alarm, Block, Heading, Prose, Section, Table
from harness.report.formats import Report, format_names, write_report
from harness.report.formats.markdown import RENDERINGS, render_markdown
from harness.report.formats.terminal import DRAWINGS
from tests.reporting import report_of
from tests.summaries import cases, make_summary

NEW_FORMAT = """
def write(report, console):
    console.file.write(f"{report.summary.scenario}: {len(report.document)} sections")
"""


def written(name: str, report: Report | None = None) -> str:
    stream = io.StringIO()
    write_report(report or report_of(make_summary()), name, Console(file=stream, width=80))
    return stream.getvalue()


@pytest.mark.parametrize("renderings", [DRAWINGS, RENDERINGS], ids=["terminal", "markdown"])
def test_a_format_renders_every_kind_of_block(renderings: object) -> None:
    assert isinstance(renderings, dict)
    assert set(renderings) == set(get_args(Block))


def test_a_new_format_is_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The recipe of CONTRIBUTING, followed literally on a throw-away format."""
    (tmp_path / "oneline.py").write_text(NEW_FORMAT)
    monkeypatch.setattr(formats, "__path__", [*formats.__path__, str(tmp_path)])
    assert "oneline" in format_names()
    assert written("oneline").startswith("hit-rate: ")
    sys.modules.pop("harness.report.formats.oneline")


def test_the_formats_are_those_that_the_documentation_names() -> None:
    assert format_names() == ["json", "markdown", "svg", "terminal"]


@pytest.mark.parametrize("name", cases())
def test_markdown_has_every_figure_of_the_main_table(name: str) -> None:
    summary = cases()[name]
    text = written("markdown", report_of(summary))
    for trial in summary.trials:
        assert trial.hit_rate is None or f"{trial.hit_rate:.1%}".replace("%", " %") in text


def test_markdown_ends_no_cell_opens_no_tag_and_paints_nothing() -> None:
    hostile = "a|b <script> \x1b[31mred\x1b[0m"
    table = Table(["h"], [(hostile, ["1"])])
    blocks: Section = [Heading(hostile), Prose(hostile), Alarm("x", [hostile]), table]
    text = render_markdown([blocks])
    assert "<script>" not in text
    assert "\x1b" not in text
    assert text.count(r"a\|b &lt;script> red") == 4
