"""Other set-ups than the usual: threads, no cache at all, a Redis that belongs to somebody else."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from harness.servers.redis_discovery import find_redis
from tests.e2e.processes import Harness
from tests.waiting import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.servers]

SMALL = ("--requests", "240", "--keys", "40", "--format", "json", "--out", "run")
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
    with process.stdin as told:
        told.write(f'bind 127.0.0.1\nport {port}\nrequirepass {PASSWORD}\nsave ""\n'.encode())
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


def test_a_redis_of_somebody_else_keeps_its_keys_and_none_of_ours(
    harness: Harness, foreign: str
) -> None:
    theirs = {f"their-key-{number}".encode(): b"value" for number in range(50)}
    with redis.Redis.from_url(foreign) as client:
        client.mset({key.decode(): value for key, value in theirs.items()})
        outcome = harness.run(
            *("run", "hit-rate", "--workers", "1,2", "--backend", "redis", *SMALL),
            env={"HARNESS_REDIS_URL": foreign},
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
    files = [path.read_bytes() for path in harness.run_dir.rglob("*") if path.is_file()]
    texts = [outcome.stdout.encode(), outcome.stderr.encode(), *files]
    assert not any(PASSWORD.encode() in text for text in texts)
