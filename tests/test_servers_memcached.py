"""Memcached: a process for each lease, restarted empty, reported where it ends or is absent."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import InfrastructureError
from harness.servers.memcached import MemcachedService, start
from harness.servers.reaper import Reaper
from harness.servers.services import Lease, ServiceContext

# Takes connections at the port of `-p`, which is all that the harness asks of it.
LISTENS = f"""#!{sys.executable}
import socket, sys
if "-V" in sys.argv:
    sys.exit("memcached 1.6.40")
server = socket.create_server(("127.0.0.1", int(sys.argv[sys.argv.index("-p") + 1])))
while True:
    server.accept()
"""


@pytest.fixture
def context(tmp_path: Path) -> Iterator[ServiceContext]:
    reaper = Reaper()
    yield ServiceContext(
        environ={"PATH": str(tmp_path)},
        run="0123abcd",
        scratch=tmp_path,
        logs=tmp_path,
        reaper=reaper,
    )
    reaper.close()


@pytest.fixture
def service(context: ServiceContext, tmp_path: Path) -> Iterator[MemcachedService]:
    executable = tmp_path / "memcached"
    executable.write_text(LISTENS)
    executable.chmod(0o755)
    service = start(context)
    yield service
    service.stop()


def answers(lease: Lease) -> bool:
    host, _, port = lease.urls[""].partition(":")
    with socket.socket() as client:
        return client.connect_ex((host, int(port))) == 0


def test_each_lease_is_a_process_of_its_own_that_ends_with_it(service: MemcachedService) -> None:
    one, other = service.open("one"), service.open("other")
    assert one.urls != other.urls
    assert answers(one)
    one.close()
    assert (answers(one), answers(other)) == (False, True)
    service.stop()
    assert not answers(other)
    assert service.display == "memcached 1.6.40 (memcached on PATH)"


def test_a_restart_is_another_process_at_the_same_address(service: MemcachedService) -> None:
    lease = service.open("")
    (before,) = service._children.values()
    lease.restart()
    (after,) = service._children.values()
    assert before is not after
    assert answers(lease)


def test_one_that_ended_during_the_load_is_reported(service: MemcachedService) -> None:
    lease = service.open("")
    (child,) = service._children.values()
    os.kill(child.process.pid, signal.SIGKILL)
    child.process.wait()
    with pytest.raises(InfrastructureError, match="HX305 memcached: ended during the load"):
        lease.close()


def test_one_that_does_not_come_back_is_reported(service: MemcachedService, tmp_path: Path) -> None:
    lease = service.open("")
    (tmp_path / "memcached").write_text("#!/bin/sh\necho no memory left >&2\nexit 1\n")
    with pytest.raises(InfrastructureError, match="HX314 memcached") as caught:
        lease.restart()
    assert "no memory left" in str(caught.value)
    with pytest.raises(InfrastructureError, match="HX305 memcached: did not come up"):
        service.open("")


def test_without_one_the_ways_to_get_it_are_named(context: ServiceContext, tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError, match="HX305 memcached: not on PATH") as caught:
        start(replace(context, environ={"PATH": str(tmp_path)}))
    assert "apt install memcached" in str(caught.value)


@pytest.mark.usefixtures("service")
def test_one_that_django_has_no_client_for_is_as_good_as_none(
    context: ServiceContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.servers.memcached.CLIENTS", ("no-such-client",))
    with pytest.raises(InfrastructureError, match="HX305 memcached: on PATH, but Python has no"):
        start(context)
