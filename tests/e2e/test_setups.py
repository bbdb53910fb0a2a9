"""Other set-ups than the usual: threads, no cache at all, a Redis that belongs to somebody else."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from harness.servers.redis import find_redis
from tests.e2e.conftest import Tiny
from tests.e2e.processes import Harness, Outcome
from tests.waiting import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.servers]

SMALL = ("--requests", "240", "--keys", "40", "--format", "json", "--out", "run")
CLEAR = "--set=app.env.TINY_LOSS=clear"
PASSWORD = "s3cret-of-somebody"


def test_threads_share_the_cache_of_their_process(harness: Harness) -> None:
    outcome = harness.run(
        *("run", "hit-rate", "--workers", "2", "--backend", "locmem", *SMALL),
        *("--set", "server.worker_class=gthread", "--set", "server.threads=4"),
    )
    assert outcome.code == 0, outcome.stderr
    (trial,) = json.loads(outcome.stdout)["trials"]
    assert (trial["server"], trial["threads"], trial["workers"]) == ("gthread", 4, 2)
    assert trial["accounted"] == {"samples": 240, "tallies": 240, "lost": 0}
    # Two threads may miss a key at the same time; but for that, a process has one cache.
    assert trial["explained"]["per_process"] >= 0.98
    assert harness.leftovers() == []


def test_without_a_cache_nothing_is_ever_hit(harness: Harness) -> None:
    outcome = harness.run("run", "hit-rate", "--workers", "2", "--backend", "dummy", *SMALL)
    assert outcome.code == 0, outcome.stderr
    (trial,) = json.loads(outcome.stdout)["trials"]
    assert (trial["lookups"], trial["hits"], trial["hit_rate"]) == (240, 0, 0.0)
    assert sum(trial["misses"].values()) == 240
    assert trial["accounted"] == {"samples": 240, "tallies": 240, "lost": 0}
    assert trial["explained"] == {"per_process": 1.0, "shared": 1.0}  # both know it keeps nothing
    assert trial["caveats"] == []


@pytest.fixture
def foreign(tmp_path: Path) -> Iterator[str]:
    """Return the URL of a Redis that is not the harness's, and holds keys of somebody else."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with (tmp_path / "foreign.log").open("wb") as log:
        process = subprocess.Popen(
            [find_redis({"PATH": "/usr/bin:/usr/local/bin"}).target, "-"],
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=log,
        )
    assert process.stdin
    with process.stdin as reported:
        reported.write(f'bind 127.0.0.1\nport {port}\nrequirepass {PASSWORD}\nsave ""\n'.encode())
    url = f"redis://:{PASSWORD}@127.0.0.1:{port}/0"
    try:
        wait_until(lambda: answers(url))
        yield url
    finally:
        process.kill()
        process.wait()


def answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def secret_is_nowhere(harness: Harness, outcome: Outcome) -> bool:
    files = [path.read_bytes() for path in harness.run_dir.rglob("*") if path.is_file()]
    texts = [outcome.stdout.encode(), outcome.stderr.encode(), *files]
    return not any(PASSWORD.encode() in text for text in texts)


def test_a_users_redis_with_foreign_keys_is_refused_before_anything_is_measured(
    harness: Harness, foreign: str
) -> None:
    with redis.Redis.from_url(foreign) as client:
        client.mset({f"their-key-{number}": "value" for number in range(50)})
        outcome = harness.run(
            *("run", "hit-rate", "--workers", "1", "--backend", "two-level", *SMALL),
            env={"HARNESS_REDIS_URL": foreign},
        )
        assert client.dbsize() == 50
    assert outcome.code == 3
    assert "HX316 redis at redis://***@127.0.0.1" in outcome.stderr
    assert "foreign keys in the database: 50" in outcome.stderr
    assert "set HARNESS_REDIS_MAY_BE_CLEARED=1 if all keys may go" in outcome.stderr
    assert secret_is_nowhere(harness, outcome)
    assert harness.leftovers() == []


def test_a_users_redis_keeps_its_keys_and_none_of_ours(harness: Harness, foreign: str) -> None:
    theirs = {f"their-key-{number}".encode(): b"value" for number in range(50)}
    with redis.Redis.from_url(foreign) as client:
        client.mset({key.decode(): value for key, value in theirs.items()})
        outcome = harness.run(
            *("run", "hit-rate", "--workers", "1,2", "--backend", "redis", *SMALL),
            env={"HARNESS_REDIS_URL": foreign, "HARNESS_REDIS_MAY_BE_CLEARED": "1"},
        )
        kept = {key: client.get(key) for key in client.scan_iter()}
        used = client.info("commandstats")
    assert outcome.code == 0, outcome.stderr
    assert kept == theirs
    assert used["cmdstat_get"]["calls"] >= 480
    assert "cmdstat_flushdb" not in used
    assert "cmdstat_flushall" not in used
    result = json.loads(outcome.stdout)
    assert result["environment"]["servers"]["redis"].count(foreign.partition("@")[2]) == 1
    assert secret_is_nowhere(harness, outcome)
    assert harness.leftovers() == []


def rounds(tiny: Tiny, *settings: str, prefix: str = "{cache_prefix}") -> tuple[str, ...]:
    """Return how to run an app that uses the Redis that it is given, in six rounds."""
    path = tiny(workers=[1], requests=240, users=1)
    environ = {"TINY_CACHE_URL": "{cache_url}", "TINY_CACHE_PREFIX": prefix}
    words = [f"--set=app.env.{name}={value}" for name, value in environ.items()]
    return ("run", path, *words, "--set=load.rounds=6", *settings, "--format=json", "--out=run")


def test_trials_that_clear_their_cache_do_not_clear_each_others(
    harness: Harness, tiny: Tiny
) -> None:
    outcome = harness.run(*rounds(tiny, "--backend=redis,redis-unix", CLEAR))
    assert outcome.code == 0, outcome.stderr
    one, other = json.loads(outcome.stdout)["trials"]
    assert one["misses"]["deleted"] > 0
    assert one["misses"] == other["misses"]
    assert (one["misses"]["unexplained"], one["hits"]) == (0, other["hits"])
    assert one["hit_rate"] == pytest.approx(one["predicted"]["hit_rate"])
    assert harness.leftovers() == []


def test_trials_that_disturb_each_other_in_a_users_database_are_not_valid(
    harness: Harness, tiny: Tiny, foreign: str
) -> None:
    outcome = harness.run(
        *rounds(tiny, "--backend=redis", "--set=matrix.copies=2", CLEAR, prefix="not-ours"),
        env={"HARNESS_REDIS_URL": foreign},
    )
    assert outcome.code == 4
    for code in ("HX407", "HX408"):
        assert outcome.stderr.count(f"{code} redis, 1 worker") == 2
    assert "hint: unset HARNESS_REDIS_URL" in outcome.stderr
    assert "hint: give the cache KEY_PREFIX = {cache_prefix}" in outcome.stderr
    with redis.Redis.from_url(foreign) as client:
        assert {key.partition(b":")[0] for key in client.scan_iter()} == {b"not-ours"}


def test_trials_with_a_cache_in_the_database_have_a_table_each(harness: Harness) -> None:
    outcome = harness.run(
        *("run", "hit-rate", "--workers", "2", "--backend", "database", *SMALL),
        # One user: no request reads while the write of another is under way.
        *("--users", "1"),
        *("--set", "load.rounds=3", "--set", "matrix.copies=2", "--set", "cache.max_entries=45"),
    )
    assert outcome.code == 0, outcome.stderr
    for trial in json.loads(outcome.stdout)["trials"]:
        # 40 keys of each trial: in one table both would be culled.
        assert trial["misses"]["first"] == sum(trial["misses"].values())
        assert trial["explained"]["shared"] == 1
