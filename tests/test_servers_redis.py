"""A Redis of the harness's own is up, secret and gone afterwards; of others only a prefix goes."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from harness.errors import InfrastructureError
from harness.servers.reaper import Reaper
from harness.servers.redis import RedisServer, start_redis

pytestmark = pytest.mark.servers


@pytest.fixture
def reaper() -> Iterator[Reaper]:
    reaper = Reaper()
    yield reaper
    reaper.close()


@pytest.fixture
def server(tmp_path: Path, reaper: Reaper) -> Iterator[RedisServer]:
    environ = {"PATH": os.environ["PATH"]}
    server = start_redis(environ, scratch=tmp_path, log=tmp_path / "redis.log", reaper=reaper)
    yield server
    server.stop()


@pytest.fixture
def client(server: RedisServer) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(server.urls["redis"]) as client:
        yield client


def test_it_answers_as_soon_as_it_has_started(client: redis.Redis) -> None:
    assert client.ping()


def test_nobody_gets_in_without_the_password(server: RedisServer) -> None:
    with (
        redis.Redis.from_url(f"redis://{server.urls['redis'].partition('@')[2]}") as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.ping()


def test_the_password_is_in_no_argument_list_log_or_display(
    server: RedisServer, client: redis.Redis, tmp_path: Path
) -> None:
    password = server.urls["redis"].partition(":")[2].strip("/:").partition("@")[0]
    command = Path(f"/proc/{client.info('server')['process_id']}/cmdline")
    assert len(password) > 20
    assert password not in (tmp_path / "redis.log").read_text() + server.display
    assert not command.exists() or password not in command.read_text()


def test_only_loopback_is_listened_on(client: redis.Redis) -> None:
    assert client.config_get("bind") == {"bind": "127.0.0.1"}


def test_only_keys_with_the_prefix_are_deleted(server: RedisServer, client: redis.Redis) -> None:
    client.mset({f"ours:{number}": 1 for number in range(2500)} | {"theirs": 1, "our": 1})
    server.delete_prefix("ours:")
    assert sorted(client.keys()) == [b"our", b"theirs"]


def test_a_server_that_died_is_told_by_code(server: RedisServer, client: redis.Redis) -> None:
    os.kill(client.info("server")["process_id"], signal.SIGKILL)
    with pytest.raises(InfrastructureError, match=r"HX303 redis, .*: answers no more"):
        server.delete_prefix("ours:")


def test_stopping_ends_the_server(server: RedisServer) -> None:
    server.stop()
    with redis.Redis.from_url(server.urls["redis"]) as client, pytest.raises(redis.ConnectionError):
        client.ping()


def test_a_server_that_cannot_start_is_told_with_its_last_lines(
    tmp_path: Path, reaper: Reaper
) -> None:
    broken = tmp_path / "redis-server"
    broken.write_text("#!/bin/sh\necho no memory left >&2\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(InfrastructureError, match="HX302 redis-server on PATH") as caught:
        start_redis({"PATH": str(tmp_path)}, scratch=tmp_path, log=tmp_path / "log", reaper=reaper)
    assert "no memory left" in str(caught.value)


def test_a_url_that_does_not_answer_is_told_without_its_password(
    tmp_path: Path, reaper: Reaper
) -> None:
    environ = {"HARNESS_REDIS_URL": "redis://:s3cret@127.0.0.1:1/0"}
    with pytest.raises(InfrastructureError, match="HX303 redis at redis://\\*\\*\\*@") as caught:
        start_redis(environ, scratch=tmp_path, log=tmp_path / "log", reaper=reaper)
    assert "s3cret" not in str(caught.value)
    assert "hint: start it, correct HARNESS_REDIS_URL" in str(caught.value)
