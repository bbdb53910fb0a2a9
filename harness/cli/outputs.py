"""Files that a pipeline asks for: checked before anything is measured, written in the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from harness.analysis.summary import Summary
from harness.errors import InfrastructureError, Problem
from harness.gate.check import CheckResult
from harness.report.gate.as_json import render_check_json
from harness.report.gate.github import render_annotations
from harness.report.gate.junit import render_junit
from harness.report.gate.markdown import render_markdown

ON_GITHUB, STEP_SUMMARY = "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """Where to write a check in which form, None for not at all, and if it fails on doubt."""

    junit: Path | None = None
    markdown: Path | None = None
    json: Path | None = None
    fail_on_inconclusive: bool = False

    def make_room(self) -> None:
        """Make the directories of all files. Raises SurroundingsError HX307."""
        for path in filter(None, (self.junit, self.markdown, self.json)):
            make_room(path)

    def write(
        self, check: CheckResult, summary: Summary | None, environ: Mapping[str, str]
    ) -> None:
        """Write all files and tell GitHub, if it is there. Raises SurroundingsError HX307."""
        doubt = self.fail_on_inconclusive
        code = check.exit_code(fail_on_inconclusive=doubt)
        markdown = render_markdown(check, summary, code)
        if self.junit:
            write_text(self.junit, render_junit(check, fail_on_inconclusive=doubt))
        if self.markdown:
            write_text(self.markdown, markdown)
        if self.json:
            write_text(self.json, render_check_json(check, summary, code))
        if environ.get(STEP_SUMMARY):
            write_text(Path(environ[STEP_SUMMARY]), markdown, append=True)
        if environ.get(ON_GITHUB) == "true":
            for line in render_annotations(check):
                click.echo(line, err=True)


def make_room(path: Path) -> None:
    """Make the directory of a file. Raises SurroundingsError HX307."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error


def write_text(path: Path, text: str, *, append: bool = False) -> None:
    """Write a file, or add to it. Raises SurroundingsError HX307."""
    try:
        with path.open("a" if append else "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise cannot_write(path, error) from error


def cannot_write(path: Path, error: OSError) -> InfrastructureError:
    """Return the error for a file that could not be written."""
    return InfrastructureError(
        Problem(
            code="HX307",
            where=str(path),
            what=f"cannot be written: {error.strerror or error}",
            hint="choose another place",
        )
    )
