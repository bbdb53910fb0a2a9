"""What the documentation shows of a terminal: its commands, their output, and the files they need.

A block of `console` holds commands after `$ ` and below each what it prints, where a line of `...`
is any lines. A block with a title, as in ```toml title="limits.toml", is a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ELLIPSIS = "..."
_BLOCK = re.compile(r"^( *)```(\w+)(?: title=\"([^\"]+)\")?\n(.*?)^\1```$", re.M | re.S)
_COMMENT = re.compile(r"\s+# .*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A command of a page, and the lines below it, none where no output is shown."""

    page: str
    command: str
    output: tuple[str, ...] = ()


def pages() -> dict[str, str]:
    """Return the text of every page, by its path from the top."""
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    texts = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in found}
    return {name: texts[name] for name in sorted(texts) if name != "CHANGELOG.md"}


def shown_in(page: str, text: str) -> Iterator[Shown]:
    """Yield the commands of a page in their order."""
    for indent, language, _, content in _BLOCK.findall(text):
        if language == "console":
            lines = [line.removeprefix(indent).rstrip() for line in content.splitlines()]
            starts = [n for n, line in enumerate(lines) if line.startswith("$ ")]
            for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
                command = _COMMENT.sub("", lines[start][2:]).strip()
                yield Shown(page=page, command=command, output=_trimmed(lines[start + 1 : end]))


def files_in(text: str) -> dict[str, str]:
    """Return the files that a page shows, by name."""
    return {title: content for _, _, title, content in _BLOCK.findall(text) if title}


def matches(printed: str, wanted: tuple[str, ...]) -> bool:
    """Return whether the lines of an output are those that are wanted, `...` being any lines."""
    parts = [
        "(?:.*\n)*?" if line.strip() == ELLIPSIS else re.escape(line) + "\n" for line in wanted
    ]
    lines = _trimmed([line.rstrip() for line in printed.splitlines()])
    return re.fullmatch("".join(parts), "".join(f"{line}\n" for line in lines)) is not None


def _trimmed(lines: list[str]) -> tuple[str, ...]:
    """Return lines without empty ones at both ends."""
    return tuple("\n".join(lines).strip("\n").splitlines())
