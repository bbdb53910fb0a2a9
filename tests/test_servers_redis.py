"""A Redis of the harness's own is up, secret and gone afterwards; of a user's only our keys go."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import redis

from harness.errors import InfrastructureError
from harness.scenario.load import find_scenario, load_scenario
from harness.scenario.plan import expand_plan
from harness.servers.reaper import Reaper
from harness.servers.redis import DATABASES, OUR_KEY, OwnRedis, UserRedis, start
from harness.servers.services import ServiceContext, key_prefix

ENDED, THIS, RUNNING = "00000000", "11111111", "22222222"

pytestmark = pytest.mark.servers


@pytest.fixture
def context(tmp_path: Path) -> Iterator[ServiceContext]:
    reaper = Reaper()
    environ = {"PATH": os.environ["PATH"]}
    yield ServiceContext(environ=environ, run=THIS, scratch=tmp_path, logs=tmp_path, reaper=reaper)
    reaper.close()


@pytest.fixture
def own(context: ServiceContext) -> Iterator[OwnRedis]:
    server = start(context)
    assert isinstance(server, OwnRedis)
    yield server
    server.stop()


@pytest.fixture
def client(own: OwnRedis) -> Iterator[redis.Redis]:
    """Return a client of the first database."""
    with redis.Redis.from_url(own.open("").urls[""]) as client:
        yield client


Connect = Callable[..., UserRedis]


@pytest.fixture
def connect(own: OwnRedis, context: ServiceContext) -> Connect:
    """Return how to take the server of the other fixtures for a user's."""

    def connect(**environ: str) -> UserRedis:
        url = own._urls(0)[""]
        server = start(replace(context, environ={"HARNESS_REDIS_URL": url, **environ}))
        assert isinstance(server, UserRedis)
        return server

    return connect


def test_it_answers_as_soon_as_it_has_started(client: redis.Redis) -> None:
    assert client.ping()


def test_nobody_gets_in_without_the_password(own: OwnRedis) -> None:
    with (
        redis.Redis.from_url(f"redis://{own.open('').urls[''].partition('@')[2]}") as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.ping()


def test_the_password_is_in_no_argument_list_log_or_display(
    own: OwnRedis, client: redis.Redis, tmp_path: Path
) -> None:
    lease = own.open("")
    password = lease.urls[""].partition(":")[2].strip("/:").partition("@")[0]
    command = Path(f"/proc/{client.info('server')['process_id']}/cmdline")
    assert len(password) > 20
    assert password not in (tmp_path / "redis.log").read_text() + own.display + repr(lease)
    assert not command.exists() or password not in command.read_text()


def test_only_loopback_is_listened_on(client: redis.Redis) -> None:
    assert client.config_get("bind") == {"bind": "127.0.0.1"}


def test_each_lease_has_a_database_of_its_own_by_either_address(own: OwnRedis) -> None:
    one, other = own.open(""), own.open("")
    with (
        redis.Redis.from_url(one.urls["unix"]) as here,
        redis.Redis.from_url(other.urls[""]) as there,
    ):
        here.set("key", 1)
        there.set("key", 2)
        there.flushdb()
        assert here.get("key") == b"1"
        assert one.close() is None  # nobody else can have written there
        assert here.dbsize() == 0
    assert not one.shared


def test_databases_of_ended_leases_are_used_again(own: OwnRedis) -> None:
    held = own.open("")
    for _ in range(DATABASES + 1):
        own._free.append(own._free.pop(0))
    lease = own.open("")
    lease.close()
    assert len(own._free) == DATABASES - 1
    assert held.urls != lease.urls


def test_a_server_that_died_is_reported_by_code(own: OwnRedis, client: redis.Redis) -> None:
    lease = own.open("")
    os.kill(client.info("server")["process_id"], signal.SIGKILL)
    with pytest.raises(InfrastructureError, match=r"HX303 redis, .*: no longer answers"):
        lease.close()


def test_a_restart_empties_it_and_keeps_its_addresses(own: OwnRedis) -> None:
    lease = own.open("")
    with redis.Redis.from_url(lease.urls[""]) as client:
        client.set("key", 1)
        lease.restart()
        assert client.get("key") is None


def test_stopping_ends_the_server(own: OwnRedis) -> None:
    url = own.open("").urls[""]
    own.stop()
    with redis.Redis.from_url(url) as client, pytest.raises(redis.ConnectionError):
        client.ping()


@pytest.mark.parametrize("name", ['it\'s "here" \\ {0} %41?', "x" * 150])
def test_it_answers_by_both_addresses_whatever_its_directory_is_called(
    context: ServiceContext, tmp_path: Path, name: str
) -> None:
    scratch = tmp_path / name
    scratch.mkdir()
    server = start(replace(context, scratch=scratch))
    try:
        for url in server.open("").urls.values():
            with redis.Redis.from_url(url) as client:
                assert client.ping()
    finally:
        server.stop()


def test_a_server_that_cannot_start_is_reported_with_its_last_lines(
    context: ServiceContext, tmp_path: Path
) -> None:
    broken = tmp_path / "redis-server"
    broken.write_text("#!/bin/sh\necho no memory left >&2\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(InfrastructureError, match=r"HX302 redis, Redis \(redis-server") as caught:
        start(replace(context, environ={"PATH": str(tmp_path)}))
    assert "no memory left" in str(caught.value)


def test_a_url_that_does_not_answer_is_reported_without_its_password(
    context: ServiceContext,
) -> None:
    environ = {"HARNESS_REDIS_URL": "redis://:s3cret@127.0.0.1:1/0"}
    with pytest.raises(InfrastructureError, match="HX303 redis at redis://\\*\\*\\*@") as caught:
        start(replace(context, environ=environ))
    assert "s3cret" not in str(caught.value)
    assert "hint: start it, correct HARNESS_REDIS_URL" in str(caught.value)


def test_every_trial_with_redis_has_keys_that_are_known_as_ours() -> None:
    scenario = load_scenario(
        find_scenario("hit-rate"), {"matrix.backend": (["redis", "redis-unix", "two-level"], "")}
    )
    for (trial,) in expand_plan(scenario):
        key = f"{key_prefix('0123abcd', trial.slug)}:1:page"
        match = OUR_KEY.match(key.encode())
        assert match
        assert match[1] == b"0123abcd"


FOREIGN = ("payroll", "harness-", "harness-x", "harness-00000000-00-locmem-1:1:k", "my-harness-k")


def test_a_database_with_foreign_keys_is_refused_and_keeps_them(
    connect: Connect, client: redis.Redis
) -> None:
    client.mset(dict.fromkeys(FOREIGN, 1))
    with pytest.raises(InfrastructureError, match=r"HX316 .*: foreign keys in the database: 5"):
        connect()
    assert client.dbsize() == len(FOREIGN)


def test_keys_of_a_run_that_has_ended_are_removed_and_those_of_one_that_runs_are_foreign(
    connect: Connect, client: redis.Redis, own: OwnRedis
) -> None:
    left, used = (f"harness-{run}-00-redis-1:1:page" for run in (ENDED, RUNNING))
    client.mset({left: 1, used: 1})
    with redis.Redis.from_url(own._urls(0)[""], client_name=f"harness-{RUNNING}") as other:
        other.ping()
        with pytest.raises(InfrastructureError, match="in the database: 1;"):
            connect()
    assert client.keys() == [used.encode()]
    connect().stop()
    assert client.keys() == []


def test_without_the_right_to_see_connections_nothing_is_deleted(
    connect: Connect, client: redis.Redis
) -> None:
    client.acl_setuser("default", enabled=True, nopass=False, commands=["-client|list"])
    client.set(f"harness-{ENDED}-00-redis-1:1:page", 1)
    with pytest.raises(InfrastructureError, match="in the database: 1;"):
        connect()


def test_a_lease_removes_its_own_keys_and_counts_what_others_added(
    connect: Connect, client: redis.Redis
) -> None:
    server = connect()
    one, other = (key_prefix(THIS, f"0{number}-redis-1") for number in range(2))
    leases = server.open(one), server.open(other)
    client.mset({f"{one}:1:{key}": 1 for key in range(2500)} | {f"{other}:1:k": 1, "theirs": 1})
    assert all(lease.shared for lease in leases)
    assert leases[0].close() == 1
    assert sorted(client.keys()) == [f"{other}:1:k".encode(), b"theirs"]
    server.stop()
    assert client.keys() == [b"theirs"]


def test_where_the_user_allows_it_foreign_keys_are_only_counted(
    connect: Connect, client: redis.Redis
) -> None:
    client.mset(dict.fromkeys(FOREIGN, 1))
    server = connect(HARNESS_REDIS_MAY_BE_CLEARED="1")
    lease = server.open(key_prefix(THIS, "00-redis-1"))
    assert client.dbsize() == len(FOREIGN)
    client.flushdb()
    assert lease.close() == -len(FOREIGN)
    server.stop()


def test_a_users_server_that_died_ends_quietly(connect: Connect, client: redis.Redis) -> None:
    server = connect()
    os.kill(client.info("server")["process_id"], signal.SIGKILL)
    server.stop()
