"""What surrounds a run: its terminal, its output, its reaper, and TMPDIR."""

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import Tiny
from tests.e2e.processes import Harness

pytestmark = pytest.mark.e2e

ON_A_TERMINAL = """
import os, signal, sys
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # ignored where the tests were started by nohup
terminal = os.open(os.environ["TERMINAL"], os.O_RDWR)
for descriptor in range(3):
    os.dup2(terminal, descriptor)
os.execvp(sys.argv[1], sys.argv[1:])
"""


def test_a_terminal_that_is_closed_ends_a_run_which_keeps_its_trials(
    harness: Harness, tiny: Tiny
) -> None:
    terminal, other_end = os.openpty()
    harness.start(
        *("run", tiny(workers=[1, 2], requests=100, sleep_s=0.04), "--out", "run"),
        env={"TERMINAL": os.ttyname(other_end)},
        # The leader of a session gets the first terminal that it opens.
        through=(sys.executable, "-c", ON_A_TERMINAL),
        own_session=True,
    )
    harness.wait_until(lambda: harness.started("01-locmem-2") >= 20)
    os.close(other_end)
    os.close(terminal)
    assert harness.wait().code == 130
    result = harness.result()
    assert result["trials"][0]["requests"] == 100
    assert result["problems"] == ["interrupted"]
    assert harness.leftovers() == []


def test_nohup_outlives_a_hangup(harness: Harness, tiny: Tiny) -> None:
    scenario = tiny(workers=[1], requests=100, sleep_s=0.04)
    harness.start("run", scenario, "--out", "run", through=("nohup",))
    harness.wait_until(lambda: harness.started("00-locmem-1") >= 20)
    os.killpg(harness.process.pid, signal.SIGHUP)
    outcome = harness.wait()
    assert outcome.code == 0, outcome.stderr
    assert harness.result()["trials"][0]["requests"] == 100


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_behind_the_output_loses_no_result(harness: Harness, tiny: Tiny) -> None:
    scenario = tiny(workers=[1])
    harness.start(
        "run", scenario, "--out", "run", through=("/bin/sh", "-c", '"$@" >/dev/full', "sh")
    )
    outcome = harness.wait()
    assert outcome.code == 3
    assert "HX307 standard output: cannot be written" in outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert harness.result()["valid"]


def test_a_reaper_that_is_killed_costs_no_trial_and_leaves_nothing(
    harness: Harness, tiny: Tiny
) -> None:
    harness.start("run", tiny(workers=[1, 2], requests=100, sleep_s=0.04), "--out", "run")
    harness.wait_until(lambda: harness.started("00-locmem-1") >= 20)
    harness.kill("reaper.py")
    outcome = harness.wait()
    assert outcome.code == 0, outcome.stderr
    first, second = outcome.stderr.splitlines()
    assert first == (
        "harness: the reaper ended early, with status -9; the harness cleans up instead"
    )
    assert second.startswith("harness: cleaned up directory ")
    assert [trial["requests"] for trial in harness.result()["trials"]] == [100, 100]
    assert harness.leftovers() == []


@pytest.mark.parametrize("name", ["sp ace 'quote\" $HOME %s\nline; {x}", "x" * 200])
def test_any_temporary_directory_will_do(harness: Harness, name: str) -> None:
    temporary = harness.directory / name
    temporary.mkdir()
    harness.start(
        *("run", "hit-rate", "--workers", "1", "--requests", "60", "--keys", "20"),
        *("--set", "matrix.backend=['redis-unix', 'files', 'database']"),
        *("--set", "server.servers=2", "--out", "run"),
        env={"TMPDIR": str(temporary)},
    )
    reaper = harness.wait_until(lambda: harness.pid_of("reaper.py"))
    sockets = Path(f"/tmp/harness-{harness.processes()[reaper].split()[-1]}")
    harness.wait_until(lambda: [path.name for path in sockets.glob("*")] == ["redis.sock"])
    outcome = harness.wait()
    assert outcome.code == 0, outcome.stderr
    assert outcome.stderr == ""
    assert harness.leftovers() == []
    assert list(temporary.iterdir()) == []
    assert not sockets.exists()
