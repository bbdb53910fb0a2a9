"""Signals end a command once and cleanly; output that nobody takes is no reason to fail."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

RUN = str(Path(__file__).parent / "runs" / "hit-rate")
VERBS = [
    ["--help"],
    ["list"],
    ["show", "hit-rate"],
    ["doctor"],
    ["predict"],
    ["report", RUN],
    ["report", RUN, "--format", "json"],
    ["compare", RUN, RUN],
    ["report", "/nowhere"],
]
CALLS_EACH = f"""
import sys
from harness.cli.main import main
for words in {VERBS}:
    print("exit code", main(words), file=sys.stderr, flush=True)
"""
HX307 = "HX307 standard output: cannot be written: No space left on device"


def codes_and_errors(stdout: int) -> tuple[list[int], list[str]]:
    """Return the exit code of each verb with this standard output, and what it reported."""
    done = subprocess.run(
        [sys.executable, "-c", CALLS_EACH],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        check=False,
    )
    lines = done.stderr.splitlines()
    codes = [line.removeprefix("exit code ") for line in lines if line.startswith("exit code")]
    return [*map(int, codes), done.returncode], [line for line in lines if line[:2] == "HX"]


@pytest.mark.slow
def test_a_reader_that_ends_early_changes_no_exit_code() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    codes, errors = codes_and_errors(writing)
    os.close(writing)
    assert codes == [0] * 8 + [2, 0]
    assert [error[:5] for error in errors] == ["HX104"]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_output_that_cannot_be_written_is_exit_3_with_a_code() -> None:
    with open("/dev/full", "wb") as full:
        codes, errors = codes_and_errors(full.fileno())
    assert codes == [3] * 8 + [2, 0]
    assert errors[:-1] == [HX307] * 8


def test_closed_streams_are_no_trouble() -> None:
    command = f"exec {sys.executable} -m harness list <&- >&- 2>&-"
    assert subprocess.run(["/bin/sh", "-c", command], timeout=60, check=False).returncode == 0


CLEANS_UP = """
import os, sys, time
from harness.cli.signals import end_on_signals
end_on_signals()
try:
    print("ready", flush=True)
    while True:
        time.sleep(0.001)
except KeyboardInterrupt:
    deadline = time.monotonic() + 0.3
    while time.monotonic() < deadline:
        time.sleep(0.001)
    sys.exit(130)
"""


def started(*through: str) -> subprocess.Popen[bytes]:
    """Return a process that is interrupted by the first signal, and then cleans up."""
    command = [*through, sys.executable, "-c", CLEANS_UP]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    return process


@pytest.mark.slow
@pytest.mark.parametrize("first", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_ends_a_command_and_no_other_disturbs_it(first: signal.Signals) -> None:
    with started() as process:
        os.kill(process.pid, first)
        while process.poll() is None:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                process.send_signal(number)
        assert process.stderr
        assert (process.returncode, process.stderr.read()) == (130, b"")


def test_a_hangup_that_was_ignored_before_stays_ignored() -> None:
    with started("/bin/sh", "-c", 'trap "" HUP; exec "$@"', "sh") as process:
        for _ in range(20):
            process.send_signal(signal.SIGHUP)
        status = Path(f"/proc/{process.pid}/status")
        if status.exists():
            ignored = int(status.read_text().partition("SigIgn:")[2].split()[0], 16)
            assert ignored & 1 << (signal.SIGHUP - 1)
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 130
