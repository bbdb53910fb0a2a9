"""A child is stopped with all it started, is kept from Ctrl-C, and its log tells why it ended."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.servers.child import EXCEPTION_LINES, TAIL_LINES, Child, ProcessSpec
from harness.servers.reaper import Reaper
from tests.waiting import is_alive, wait_until

Start = Callable[..., Child]

STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(600)
"""
WITH_A_CHILD = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def reaper() -> Iterator[Reaper]:
    reaper = Reaper()
    yield reaper
    reaper.close()


@pytest.fixture
def start(tmp_path: Path, reaper: Reaper) -> Iterator[Start]:
    children = []

    def start(code: str, **options: Any) -> Child:
        process = ProcessSpec(
            name="child",
            command=[sys.executable, "-c", code],
            environ={"PYTHONUNBUFFERED": "1"},
            log=tmp_path / "child.log",
            **options,
        )
        child = Child(process, reaper)
        children.append(child)
        return child

    yield start
    for child in children:
        child.stop(grace_s=0)


def test_a_child_has_a_session_of_its_own(start: Start) -> None:
    child = start("import time; time.sleep(600)")
    assert os.getsid(child.process.pid) == child.process.pid != os.getsid(0)


def test_it_is_the_command_itself_that_runs_under_the_pid(start: Start) -> None:
    child = start("import os; print(os.getpid())")
    child.process.wait(30)
    assert child.last_lines() == (str(child.process.pid),)


def test_a_child_that_does_not_listen_is_killed_after_its_grace(start: Start) -> None:
    child = start(STUBBORN)
    wait_until(child.last_lines)
    child.stop(grace_s=0.01)
    assert child.process.returncode == -signal.SIGKILL


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_what_a_child_started_is_ended_with_it(start: Start) -> None:
    child = start(WITH_A_CHILD)
    wait_until(child.last_lines)
    grandchild = int(child.last_lines()[0])
    assert is_alive(grandchild)
    child.stop()
    wait_until(lambda: not is_alive(grandchild))


def test_a_child_may_be_stopped_twice(start: Start) -> None:
    child = start("")
    child.stop()
    child.stop()
    assert not child.running


def test_input_reaches_its_standard_input_which_then_ends(start: Start) -> None:
    child = start("import sys; print(sys.stdin.read())", input="a secret")
    assert child.process.wait(30) == 0
    assert child.last_lines() == ("a secret",)


def test_no_signal_is_ignored_that_the_command_did_not_choose_to(
    tmp_path: Path, reaper: Reaper
) -> None:
    ask = ["/bin/sh", "-c", "kill -s PIPE $$; echo survived"]
    log = tmp_path / "child.log"
    child = Child(ProcessSpec(name="child", command=ask, environ={}, log=log), reaper)
    assert child.process.wait(30) == -signal.SIGPIPE
    child.stop()


def test_it_inherits_no_descriptor_of_the_reaper(start: Start) -> None:
    child = start("import os; print(sorted(int(n) for n in os.listdir('/dev/fd'))[:4])")
    child.process.wait(30)
    assert child.last_lines() == ("[0, 1, 2, 3]",)  # 3 is the listing itself


def test_a_log_of_nothing_has_no_last_lines(start: Start) -> None:
    child = start("")
    child.process.wait(30)
    assert child.last_lines() == ()


def test_the_last_lines_begin_with_the_exceptions_further_up(start: Start, tmp_path: Path) -> None:
    child = start("")
    child.process.wait(30)
    errors = [f"Error{number}: broken" for number in range(EXCEPTION_LINES + 1)]
    raised = [f"Traceback:\n  File x\n    call()\n\n{error}\n" for error in errors]
    (tmp_path / "child.log").write_text("".join(raised) + "end\n" * TAIL_LINES)
    assert child.last_lines() == (*errors[1:], *["end"] * TAIL_LINES)
