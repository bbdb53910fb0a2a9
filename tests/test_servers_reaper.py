"""The reaper ends and removes what a harness left, and nothing else, however that one ended."""

import io
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from harness.servers.reaper import Reaper, reap
from tests.waiting import is_alive, wait_until

RUN = "0123456789abcdef"
SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]

STARTS_A_CHILD_AND_WAITS = """
import sys, time
from pathlib import Path
from harness.servers.child import Child, ProcessSpec
from harness.servers.reaper import Reaper
reaper = Reaper()
scratch = reaper.make_directory(Path(sys.argv[1]))
command = [sys.executable, "-c", "import time; time.sleep(600)"]
child = Child(ProcessSpec(name="child", command=command, environ={}, log=scratch / "log"), reaper)
print(child.process.pid, scratch, flush=True)
time.sleep(600)
"""


def pipe(*messages: object) -> io.BytesIO:
    """Return what a pipe holds after these messages."""
    bodies = [json.dumps(message).encode() for message in messages]
    return io.BytesIO(b"".join(len(body).to_bytes(4) + body for body in bodies))


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(SLEEPER, start_new_session=True)
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    """Return a directory that carries the name of the run."""
    path = tmp_path / f"harness-{RUN}"
    (path / "deep").mkdir(parents=True)
    return path


def test_groups_and_directories_are_gone_once_the_pipe_ends(
    ours: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    reap(pipe(["track", "directory", str(ours)], ["track", "group", sleeper.pid]), RUN)
    assert sleeper.wait(30) == -signal.SIGKILL
    assert not ours.exists()


def test_an_untracked_group_lives_on(sleeper: subprocess.Popen[bytes]) -> None:
    reap(pipe(["track", "group", sleeper.pid], ["untrack", "group", sleeper.pid]), RUN)
    assert sleeper.poll() is None


def test_resources_that_are_gone_or_never_came_are_no_trouble(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], sleeper: subprocess.Popen[bytes]
) -> None:
    sleeper.kill()
    sleeper.wait()
    never = str(tmp_path / f"never-{RUN}")
    reap(
        pipe(
            ["track", "group", sleeper.pid],
            ["track", "directory", never],
            ["track", "worktree", str(tmp_path), never],
            ["untrack", "group", 1],
        ),
        RUN,
    )
    assert capfd.readouterr().err == ""


def test_what_does_not_carry_the_name_of_the_run_is_refused_and_reported(
    tmp_path: Path, ours: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    foreign = ours / "foreign"  # in a directory of the run, but with a name of its own
    foreign.mkdir()
    for kind, place in (("directory", [foreign]), ("worktree", [tmp_path, foreign])):
        reap(pipe(["track", kind, *map(str, place)]), RUN)
        assert f"could not clean up {kind}" in capfd.readouterr().err
    assert foreign.is_dir()


@pytest.mark.parametrize("group", [-1, 0, 1, "1"])
def test_no_group_but_one_of_a_run_is_killed(
    group: object, capfd: pytest.CaptureFixture[str]
) -> None:
    reap(pipe(["track", "group", group]), RUN)
    assert "could not clean up group" in capfd.readouterr().err


def test_a_clean_up_that_fails_and_a_damaged_message_stop_nothing_else(
    ours: Path, sleeper: subprocess.Popen[bytes], capfd: pytest.CaptureFixture[str]
) -> None:
    messages = pipe(
        ["track", "group", "no number"],
        ["track", "worktree", "/nowhere", f"/{RUN}/foreign"],
        ["track", "group", sleeper.pid],
        5,
        [],
        ["track", "directory", ["nested"]],
        ["track", "directory", str(ours)],
    )
    reap(io.BytesIO(messages.read() + b"\0\0"), RUN)
    assert sleeper.wait(30) == -signal.SIGKILL
    assert not ours.exists()
    reported = capfd.readouterr().err.splitlines()
    assert [line.split(" {", 1)[0][:26] for line in reported] == [
        *["harness: ignored a damaged"] * 3,
        *["harness: could not clean u"] * 2,
    ]


@pytest.mark.parametrize(
    "name", ["with space", "quo'te\"s", "line\nbreak", "track\ndirectory /", "\udcff", "é" * 100]
)
def test_any_path_is_removed_as_it_is_spelled(tmp_path: Path, name: str) -> None:
    parent, foreign = tmp_path / name, tmp_path / name.split("\n")[0]
    for path in (parent, foreign):
        path.mkdir(exist_ok=True)
    with closing(Reaper()) as reaper:
        scratch = reaper.make_directory(parent)
        assert scratch.is_dir()
        assert reaper.run in scratch.name
    assert not scratch.exists()
    assert parent.is_dir()
    assert foreign.is_dir()


def test_a_message_that_cannot_be_written_in_one_piece_is_refused(tmp_path: Path) -> None:
    with closing(Reaper()) as reaper, pytest.raises(OSError, match="name too long") as caught:
        reaper.make_directory(tmp_path / ("x" * select.PIPE_BUF))
    assert caught.value.filename


def test_a_killed_harness_leaves_neither_child_nor_directory(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTS_A_CHILD_AND_WAITS, str(tmp_path)], stdout=subprocess.PIPE
    ) as harness:
        assert harness.stdout
        child, scratch = harness.stdout.readline().decode().split()
        assert Path(scratch).is_dir()
        harness.kill()
        harness.wait()
    wait_until(lambda: not is_alive(int(child)))
    wait_until(lambda: not Path(scratch).exists())


def test_a_child_is_tracked_before_it_is_anything_else() -> None:
    # The harness may be killed right after it has forked: then only the child can report itself.
    reaper = Reaper()
    command, descriptor = reaper.register(SLEEPER)
    process = subprocess.Popen(command, pass_fds=[descriptor], start_new_session=True)
    reaper.close()
    assert process.wait(30) == -signal.SIGKILL


def test_if_the_reaper_has_died_the_harness_cleans_up_and_says_so(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    reaper = Reaper()
    os.kill(reaper._process.pid, signal.SIGKILL)
    os.waitid(os.P_PID, reaper._process.pid, os.WEXITED | os.WNOWAIT)
    scratch = reaper.make_directory(tmp_path)
    command, descriptor = reaper.register(SLEEPER)
    process = subprocess.Popen(command, pass_fds=[descriptor], start_new_session=True)
    reaper.track_group(process.pid)
    reaper.close()
    assert process.wait(30) == -signal.SIGKILL
    assert not scratch.exists()
    assert capfd.readouterr().err.splitlines() == [
        "harness: the reaper ended early, with status -9; the harness cleans up instead",
        f"harness: cleaned up group {process.pid}",
        f"harness: cleaned up directory '{scratch}'",
    ]
