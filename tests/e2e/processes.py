"""The harness as a child process, and everything it started, found without its help.

A process belongs to a run if it carries the run's mark in its environment or works below the
run's own directory: Redis is given an empty environment, but lives in the run's scratch directory.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.record.facts import LifeFacts
from harness.servers.gunicorn import read_lives
from harness.servers.redis import find_redis
from tests.waiting import PATIENCE_S, wait_until

ROOT = Path(__file__).parents[2]
MARK = "HARNESS_E2E_MARK"
REDIS = Path(find_redis({"PATH": os.environ["PATH"]}).target).name
"""The name of the server that the harness would start: `redis-server`, or that of the wheel."""
_ENDED = object()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str


@dataclass(slots=True)
class Harness:
    """One `harness` command in a directory, with temporary files and home of its own."""

    directory: Path
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)
    process: subprocess.Popen[bytes] = field(init=False)

    @property
    def temporary(self) -> Path:
        return self.directory / "tmp"

    @property
    def run_dir(self) -> Path:
        return self.directory / "run"

    @property
    def python_path(self) -> str:
        return str(ROOT)

    def start(
        self,
        *words: str,
        env: Mapping[str, str] | None = None,
        through: Sequence[str] = (),
        own_session: bool = False,
    ) -> Harness:
        """Start `harness WORDS` as the leader of a process group, its output in files.

        `through` is a command that gets the one of the harness as its last arguments;
        `own_session` lets it lead a session as well.
        """
        for directory in (self.temporary, self.directory / "home"):
            directory.mkdir(parents=True, exist_ok=True)
        with (
            (self.directory / "stdout").open("wb") as stdout,
            (self.directory / "stderr").open("wb") as stderr,
        ):
            self.process = subprocess.Popen(
                # -P: as the installed command
                [*through, sys.executable, "-P", "-m", "harness", *words],
                cwd=self.directory,
                env={**self._environ(), **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                process_group=None if own_session else 0,
                start_new_session=own_session,
            )
        return self

    def wait_until(self, condition: Callable[[], Any]) -> Any:
        """Return the first true value of `condition`, which must come before the command ends."""
        value = wait_until(lambda: condition() or (self._has_ended() and _ENDED))
        assert value is not _ENDED, (self.directory / "stderr").read_text()
        return value

    def _has_ended(self) -> bool:
        return self.process.poll() is not None

    def wait(self) -> Outcome:
        """Return how the command ended."""
        code = self.process.wait(PATIENCE_S * 2)
        texts = [(self.directory / name).read_text() for name in ("stdout", "stderr")]
        return Outcome(code, *texts)

    def run(self, *words: str, env: Mapping[str, str] | None = None) -> Outcome:
        """Run `harness WORDS` to its end."""
        return self.start(*words, env=env).wait()

    def result(self) -> Any:
        """Return the content of the run's `result.json`."""
        return json.loads((self.run_dir / "result.json").read_text())

    def lives(self, slug: str) -> tuple[LifeFacts, ...]:
        """Return the worker lives of a trial while it runs, from their tallies."""
        servers = sorted(self.temporary.glob(f"harness-*/lives/{slug}/*"))
        return tuple(life for server in servers for life in read_lives(server))

    def started(self, slug: str) -> int:
        """Return how many requests of a trial have reached its workers."""
        return sum(life.tally["started"] for life in self.lives(slug))

    def processes(self) -> dict[int, str]:
        """Return pid -> command line of every living process of this run."""
        return dict(self._processes())

    def pid_of(self, *words: str) -> int:
        """Return the oldest process of this run that has all `words` in its command line; or 0."""
        found = [pid for pid, line in self._processes() if all(word in line for word in words)]
        return min(found, key=_start_time, default=0)

    def kill(self, *words: str) -> None:
        """Kill the oldest process of this run that has all `words` in its command line."""
        pid = self.pid_of(*words)
        assert pid, f"no process of {words}"  # 0 would be the tests' own process group
        os.kill(pid, signal.SIGKILL)

    def leftovers(self) -> list[str]:
        """Return the processes and temporary files that are there still, and files in the home."""
        files = [*self.temporary.iterdir(), *(self.directory / "home").iterdir()]
        return [*self.processes().values(), *map(str, files)]

    def end(self) -> None:
        """Kill what a failed test left behind, but for the reaper: it removes the files."""
        for pid, line in self.processes().items():
            if "reaper.py" not in line:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        if hasattr(self, "process"):
            self.process.wait(PATIENCE_S)
        wait_until(lambda: not self.processes())

    def _environ(self) -> dict[str, str]:
        inherited = {
            name: text for name, text in os.environ.items() if not name.startswith("HARNESS_")
        }
        return {
            **inherited,
            MARK: self.mark,
            "HOME": str(self.directory / "home"),
            "TMPDIR": str(self.temporary),
            "PYTHONPATH": self.python_path,
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def _processes(self) -> Iterator[tuple[int, str]]:
        mark, home = f"{MARK}={self.mark}".encode(), str(self.directory)
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                cwd, environ = os.readlink(entry / "cwd"), (entry / "environ").read_bytes()
                line = (entry / "cmdline").read_bytes()
            except OSError:  # it has ended, or is not ours
                continue
            if line and (mark in environ.split(b"\0") or f"{cwd}/".startswith(f"{home}/")):
                yield int(entry.name), line.replace(b"\0", b" ").decode()


def environ_of(pid: int) -> dict[str, str]:
    """Return the environment that a process was started with; empty if it has ended."""
    try:
        pairs = Path(f"/proc/{pid}/environ").read_text().split("\0")
    except OSError:
        return {}
    return dict(pair.split("=", 1) for pair in pairs if "=" in pair)


def _start_time(pid: int) -> int:
    """Return when a process started, in ticks; a large number if it has ended."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except OSError:
        return sys.maxsize
