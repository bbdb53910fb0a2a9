"""What verbs print and write; files are checked before anything is measured, written at the end."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click

from harness.analysis.summary import Summary
from harness.errors import Problem, UsageError
from harness.gate.check import CheckResult
from harness.record.rundir import writing
from harness.report.formats.markdown import render_markdown
from harness.report.gate import check_document
from harness.report.pipeline import render_annotations, render_check_json, render_junit

writing_output = partial(writing, code="HX307", hint="choose another place")
ON_GITHUB, STEP_SUMMARY = "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """Where to write a check in which form, None for not at all, and what makes it fail."""

    junit: Path | None = None
    markdown: Path | None = None
    json: Path | None = None
    fail_on_inconclusive: bool = False

    def make_room(self) -> None:
        """Make the directories of all files. Raises InfrastructureError HX307."""
        for path in filter(None, (self.junit, self.markdown, self.json)):
            make_room(path)

    def write(
        self, check: CheckResult, summary: Summary | None, environ: Mapping[str, str]
    ) -> None:
        """Write all files, and for GitHub what it reads. Raises InfrastructureError HX307."""
        strict = self.fail_on_inconclusive
        code = check.exit_code(fail_on_inconclusive=strict)
        markdown = render_markdown(check_document(check, summary, code)) + "\n"
        if self.junit:
            write_text(self.junit, render_junit(check, fail_on_inconclusive=strict))
        if self.markdown:
            write_text(self.markdown, markdown)
        if self.json:
            write_text(self.json, render_check_json(check, summary, code))
        if environ.get(STEP_SUMMARY):
            write_text(Path(environ[STEP_SUMMARY]), markdown, append=True)
        if environ.get(ON_GITHUB) == "true":
            for line in render_annotations(check):
                click.echo(line, err=True)


def refuse_existing(file: Path, hint: str) -> None:
    """Raise UsageError HX107 if a file exists."""
    if file.exists():
        raise UsageError(Problem(code="HX107", where=str(file), what="exists already", hint=hint))


def make_room(path: Path) -> None:
    """Make the directory of a file. Raises InfrastructureError HX307."""
    with writing_output(path):
        path.parent.mkdir(parents=True, exist_ok=True)


def write_text(path: Path, text: str, *, append: bool = False) -> None:
    """Write a file, or add to it. Raises InfrastructureError HX307."""
    with writing_output(path), path.open("a" if append else "w", encoding="utf-8") as file:
        file.write(text)
