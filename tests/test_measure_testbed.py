"""The test bed without any server: services are started once, leased per trial, or skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.errors import InfrastructureError, Problem
from harness.measure import testbed
from harness.scenario.parse import parse_scenario
from harness.scenario.plan import Trial, expand_plan
from harness.servers.gunicorn import Fleet
from harness.servers.services import Lease, ServiceContext

PREPARED = "import os; open(os.environ['OUT'], 'w').write(os.environ['URL'])"


class FakeService:
    """A service that records what is done to it."""

    addresses, display = ("",), "Fake 1.0"

    def __init__(self, name: str, done: list[str]) -> None:
        self.name, self.done = name, done

    def open(self, prefix: str) -> Lease:
        def close() -> int:
            self.done.append(f"close {prefix[17:]}")
            return 7

        self.done.append(f"open {prefix[17:]}")
        return Lease(urls={"": f"{self.name}://:s3cret@/"}, shared=True, close=close)

    def stop(self) -> None:
        self.done.append(f"stop {self.name}")


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what is done to services; there is no Memcached."""
    done: list[str] = []

    def start(name: str, context: ServiceContext) -> FakeService:
        assert len(context.run) == 8
        if name == "memcached":
            raise InfrastructureError(Problem(code="HX305", where=name, what="not on PATH"))
        done.append(f"start {name}")
        return FakeService(name, done)

    monkeypatch.setattr(testbed, "start_service", start)
    monkeypatch.setattr(testbed, "Fleet", SimpleNamespace)
    return done


def trials(
    tmp_path: Path, *backends: str, vary: Mapping[str, list[Any]] | None = None, **app: Any
) -> list[Trial]:
    content = {
        "name": "fake",
        "question": "?",
        "matrix": {"backend": list(backends), "workers": [1], "vary": vary or {}},
        "app": {"path": str(tmp_path), "prepare": [], **app},
    }
    return [
        trial for group in expand_plan(parse_scenario(content, where="fake")) for trial in group
    ]


Build = Callable[..., testbed.Testbed]


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Build]:
    with ExitStack() as stack:
        yield lambda found, **options: testbed.Testbed(found, tmp_path, tmp_path, stack, **options)


def test_a_service_is_started_once_for_all_backends_that_need_it(
    tmp_path: Path, done: list[str]
) -> None:
    backends = ("locmem", "redis", "two-level", "files")
    with ExitStack() as stack:
        bed = testbed.Testbed(trials(tmp_path, *backends), tmp_path, tmp_path, stack)
        assert bed.servers == {"redis": "Fake 1.0"}
        assert bed.skipped == {}
    assert done == ["start redis", "stop redis"]
    assert not bed.scratch.exists()


def test_an_optional_backend_without_its_server_is_skipped_with_the_reason(
    tmp_path: Path, done: list[str], build: Build
) -> None:
    bed = build(trials(tmp_path, "memcached", "redis"), optional=("memcached",))
    assert bed.skipped == {"memcached": "HX305 memcached: not on PATH"}
    assert done == ["start redis"]


@pytest.mark.usefixtures("done")
@pytest.mark.parametrize(
    ("backend", "message"),
    [("memcached", "HX305"), ("redis-unix", r"HX302 redis, Fake 1\.0: has no unix address")],
)
def test_any_other_backend_without_its_server_or_address_ends_the_run(
    tmp_path: Path, build: Build, backend: str, message: str
) -> None:
    with pytest.raises(InfrastructureError, match=message):
        build(trials(tmp_path, backend), optional=("redis",))


def test_preparation_has_a_lease_for_as_long_as_it_takes(
    tmp_path: Path, done: list[str], build: Build
) -> None:
    out = tmp_path / "out"
    env = {"OUT": str(out), "URL": "{backend} {cache_url}"}
    (trial,) = trials(tmp_path, "two-level", prepare=["-c", PREPARED], env=env)
    build([trial]).prepare([trial])
    assert out.read_text() == "two-level redis://:s3cret@/"
    assert done == ["start redis", "open 00-two-level-1", "close 00-two-level-1"]


def test_no_app_is_prepared_with_a_backend_that_is_skipped(
    tmp_path: Path, done: list[str], build: Build
) -> None:
    out = tmp_path / "out"
    env = {"OUT": str(out), "URL": "{backend}"}
    found = trials(tmp_path, "redis", "memcached", prepare=["-c", PREPARED], env=env)
    build(found, optional=("memcached",)).prepare(found)
    assert out.read_text() == "redis"
    assert done == ["start redis", "open 00-redis-1", "close 00-redis-1"]


def test_an_app_is_prepared_once_for_the_trial_with_the_most_keys(
    tmp_path: Path, build: Build
) -> None:
    out = tmp_path / "out"
    env = {"OUT": str(out), "KEYS": "{keys} "}
    prepare = ["-c", "import os; open(os.environ['OUT'], 'a').write(os.environ['KEYS'])"]
    vary = {"load.keys": [200, 800, 400]}
    found = trials(tmp_path, "locmem", vary=vary, prepare=prepare, env=env)
    build(found).prepare(found)
    assert out.read_text() == "800 "


def test_a_trial_has_a_lease_from_its_start_to_its_release(
    tmp_path: Path, done: list[str], build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []
    monkeypatch.setattr(testbed, "Fleet", lambda *parts: started.append(parts))
    locmem, redis = trials(tmp_path, "locmem", "redis")
    bed = build([locmem, redis])
    for trial in (locmem, redis):
        bed.start_fleet(trial)
    assert [parts[0] for parts in started] == [1, 1]
    assert [bed.shares_database(trial) for trial in (locmem, redis)] == [False, True]
    fleet = Fleet.__new__(Fleet)
    assert "s3cret" not in repr(bed.targets(redis, fleet))
    assert [bed.release(trial) for trial in (locmem, redis, redis)] == [None, 7, None]
    assert done == ["start redis", "open 01-redis-1", "close 01-redis-1"]
