"""Fixtures that start the harness; whatever it leaves is a failure, and ended all the same."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import tomli_w

from tests.e2e.processes import Harness, Outcome, environ_of

APP = Path(__file__).parent / "app"
Tiny = Callable[..., str]

COMMAND = (
    *("run", "hit-rate", "--workers", "1,2,4", "--requests", "1500"),
    *("--format", "json", "--out", "run"),
)
SECRET_NAMES = ("HARNESS_TOKEN", "SHOP_SECRET_KEY", "SHOP_CACHE_URL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One whole run, with what its processes knew and nobody else should."""

    harness: Harness
    outcome: Outcome
    result: Any
    leftovers: list[str]
    secrets: list[str]

    @property
    def run_dir(self) -> Path:
        return self.harness.run_dir


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """Return the run that most checks look at; it is measured once."""
    harness = Harness(tmp_path_factory.mktemp("recorded")).start(*COMMAND)
    try:
        secrets = harness.wait_until(lambda: _secrets(harness))
        outcome = harness.wait()
        leftovers = harness.leftovers()
        result = harness.result()
    finally:
        harness.end()
    return Recorded(
        harness=harness, outcome=outcome, result=result, leftovers=leftovers, secrets=secrets
    )


def _secrets(harness: Harness) -> list[str]:
    """Return the secrets in the environment of a Gunicorn that uses Redis, once there is one."""
    for environ in map(environ_of, harness.processes()):
        found = [environ.get(name, "") for name in SECRET_NAMES]
        if all(found):
            return [*found, urlsplit(found[-1]).password or ""]
    return []


@pytest.fixture(autouse=True, scope="session")
def _linux() -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("reads /proc, to see what a run leaves behind")


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Harness]:
    """Return a harness in a directory of its own."""
    harness = Harness(tmp_path)
    yield harness
    harness.end()


@pytest.fixture
def tiny(tmp_path: Path) -> Tiny:
    """Return a writer of scenarios for the tiny app; it returns the file's name."""

    def write(
        *,
        workers: list[int],
        requests: int = 60,
        sleep_s: float = 0.0,
        fault: str = "",
        users: int = 4,
        boot_timeout_s: float = 30.0,
        time_limit_s: float = 60.0,
    ) -> str:
        scenario = {
            "question": "What does the harness do when things go wrong?",
            "matrix": {"backend": ["locmem"], "workers": workers},
            "server": {"boot_timeout_s": boot_timeout_s},
            "cache": {"max_entries": 300},
            "load": {
                "requests": requests,
                "users": users,
                "keys": 20,
                "time_limit_s": time_limit_s,
            },
            "app": {
                "wsgi": "tiny:app",
                "path": str(APP),
                "prepare": [],
                "env": {
                    "DJANGO_SETTINGS_MODULE": "tiny_settings",
                    "TINY_SLEEP_S": str(sleep_s),
                    "TINY_FAULT": fault,
                },
            },
        }
        (tmp_path / "tiny.toml").write_text(tomli_w.dumps(scenario))
        return "tiny.toml"

    return write
