"""What CI lists in the end: the tests that none of its passes ran."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

NOT_RUN = Path(__file__).resolve().parent.parent / ".ci" / "not_run.py"


def report(path: Path, **skipped: str | None) -> str:
    """Write a JUnit report of tests, each with the reason why it was skipped, or None."""
    cases = [
        f'<testcase classname="tests" name="{name}">'
        f"{f'<skipped message={chr(34)}{reason}{chr(34)}/>' if reason else ''}</testcase>"
        for name, reason in skipped.items()
    ]
    path.write_text(f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>")
    return str(path)


def listed(*reports: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, str(NOT_RUN), *reports], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def test_only_what_no_pass_ran_is_listed_with_its_reason(tmp_path: Path) -> None:
    first = report(tmp_path / "1.xml", ran=None, later="no memcached", never="reads /proc")
    second = report(tmp_path / "2.xml", later=None)
    assert listed(first, second) == ["Run in neither pass: 1", "  tests::never: reads /proc"]


def test_where_everything_ran_the_list_says_so(tmp_path: Path) -> None:
    assert listed(report(tmp_path / "1.xml", ran=None)) == ["Run in neither pass: nothing"]
