"""Addresses: a certain port or any free one, and directories that sockets can be in."""

from __future__ import annotations

import errno
import socket
from contextlib import closing
from pathlib import Path

import pytest

from harness.errors import InfrastructureError
from harness.servers.child import free_port, listen, socket_directory
from harness.servers.reaper import Reaper


def test_any_port_is_one_that_is_free() -> None:
    with closing(listen()) as first, closing(listen()) as second:
        assert first.getsockname()[1] != second.getsockname()[1]


def test_a_port_that_is_taken_is_named_in_the_error() -> None:
    with closing(listen()) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InfrastructureError) as caught:
            listen(port)
    (problem,) = caught.value.problems
    assert (problem.code, problem.where) == ("HX308", f"port {port}")
    with closing(listen(port)) as again:
        assert again.getsockname()[1] == port


def test_sockets_go_to_a_short_plain_path() -> None:
    for scratch in (Path("/tmp/x y"), Path("/tmp/x\ny"), Path("/tmp/" + "x" * 90)):
        with closing(Reaper()) as reaper:
            directory = socket_directory(scratch, reaper)
            assert directory.is_dir()
            assert len(bytes(directory)) < 90
        assert not directory.exists()
    with closing(Reaper()) as reaper:
        assert socket_directory(Path("/tmp/harness-1"), reaper) == Path("/tmp/harness-1")


def test_a_machine_without_free_sockets_is_an_error_with_a_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(socket, "create_server", refuse)
    with pytest.raises(InfrastructureError, match="HX308 any port: unavailable: Too many"):
        free_port()
