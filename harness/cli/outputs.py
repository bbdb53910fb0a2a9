"""Files that verbs write, in places that are checked before anything is measured."""

from functools import partial
from pathlib import Path

from harness.errors import Problem, UsageError
from harness.record.rundir import writing

writing_output = partial(writing, code="HX307", hint="choose another place")


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
