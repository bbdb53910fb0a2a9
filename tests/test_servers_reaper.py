"""The reaper ends and removes what a harness left behind, however that harness ended."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
from pathlib import Path

from harness.servers.reaper import Reaper, watch
from tests.waiting import is_alive, wait_until

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]

STARTS_A_CHILD_AND_WAITS = """
import subprocess, sys, time
from pathlib import Path
from harness.servers.child import Child
from harness.servers.reaper import Reaper
reaper = Reaper()
reaper.watch_path(Path(sys.argv[1]))
child = Child("child", [sys.executable, "-c", "import time; time.sleep(600)"], environ={},
              log=Path(sys.argv[2]), reaper=reaper)
print(child.process.pid, flush=True)
time.sleep(600)
"""


def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen(SLEEPER, start_new_session=True)


def test_groups_and_paths_under_care_are_gone_once_the_lines_end(tmp_path: Path) -> None:
    (tmp_path / "scratch" / "deep").mkdir(parents=True)
    process = sleeper()
    watch(io.StringIO(f"path {tmp_path / 'scratch'}\ngroup {process.pid}\n"))
    assert process.wait(30) == -signal.SIGKILL
    assert not (tmp_path / "scratch").exists()


def test_a_group_that_was_freed_lives_on() -> None:
    process = sleeper()
    try:
        watch(io.StringIO(f"group {process.pid}\nfree group {process.pid}\n"))
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()


def test_what_has_gone_already_or_never_came_is_no_trouble(tmp_path: Path) -> None:
    process = sleeper()
    process.kill()
    process.wait()
    watch(io.StringIO(f"group {process.pid}\npath {tmp_path / 'never'}\nfree group 1\n"))


def test_closing_waits_until_the_directory_is_gone(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    reaper = Reaper()
    reaper.watch_path(scratch)
    scratch.mkdir()
    reaper.close()
    assert not scratch.exists()


def test_a_killed_harness_leaves_neither_child_nor_directory(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", STARTS_A_CHILD_AND_WAITS, str(scratch), str(tmp_path / "log")],
        stdout=subprocess.PIPE,
    ) as harness:
        assert harness.stdout
        child = int(harness.stdout.readline())
        harness.kill()
        harness.wait()
    wait_until(lambda: not is_alive(child))
    wait_until(lambda: not scratch.exists())


def test_a_child_is_known_before_it_is_anything_else() -> None:
    # The harness may be killed right after it has forked: then only the child can tell of itself.
    reaper = Reaper()
    command, descriptor = reaper.registering(SLEEPER)
    process = subprocess.Popen(command, pass_fds=[descriptor], start_new_session=True)
    reaper.close()
    assert process.wait(30) == -signal.SIGKILL
