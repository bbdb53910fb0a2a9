"""Ports of the loopback address: a certain one, or any."""

from __future__ import annotations

from contextlib import closing

import pytest

from harness.errors import InfrastructureError
from harness.servers.ports import listen


def test_any_port_is_one_that_is_free() -> None:
    with closing(listen()) as first, closing(listen()) as second:
        assert first.getsockname()[1] != second.getsockname()[1]


def test_a_port_that_is_taken_is_told_with_its_number() -> None:
    with closing(listen()) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InfrastructureError) as told:
            listen(port)
    (problem,) = told.value.problems
    assert (problem.code, problem.where) == ("HX308", f"port {port}")
    with closing(listen(port)) as again:
        assert again.getsockname()[1] == port
