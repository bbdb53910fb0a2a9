"""What tells set-ups apart reads as a person would say it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from harness.setup import AXES, Axis, Setup, setup_words, word
from harness.text import number_of
from tests.factories import setup


@pytest.mark.parametrize(
    ("name", "value", "reported"),
    [
        ("server.preload", True, "preload"),
        ("server.preload", False, "no preload"),
        ("server.routing", "uri-hash", "routing uri-hash"),
        ("servers", 2, "2 servers"),
        ("server.keep_alive_s", 60, "keep_alive_s 60"),
    ],
)
def test_a_key_and_its_value_in_words(name: str, value: Any, reported: str) -> None:
    assert word(name, value) == reported


def test_a_key_that_only_some_cases_name_is_reported_of_those() -> None:
    plain, routed = {"servers": 2}, {"servers": 2, "server.routing": "uri-hash"}
    assert setup_words(plain, [plain, routed]) == ""
    assert setup_words(routed, [plain, routed]) == "routing uri-hash"


PLAIN = setup(workers=4)


def test_a_new_axis_is_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """The recipe of CONTRIBUTING, followed literally on a key that is no axis yet."""
    row = Axis(name="preload", key="server.preload")
    monkeypatch.setattr("harness.setup.AXES", (*AXES, row))
    monkeypatch.setattr("harness.setup._KEYS", {axis.key for axis in (*AXES, row)})
    server = SimpleNamespace(
        worker_class="sync", servers=1, threads=1, routing="", max_requests=0, preload=True
    )
    scenario = SimpleNamespace(server=server, cache=SimpleNamespace(timeout_s=0, max_entries=300))
    found = Setup.of(scenario, {"server.preload": True}, backend="locmem", workers=2)
    other = Setup.of(scenario, {}, backend="locmem", workers=2, preload=False)
    assert found["preload"] is True
    assert found.matches({"preload": True})
    assert not other.matches({"preload": True})
    assert found.words([found, other]) == "preload"
    assert found.label == "locmem, 2 workers, preload"


def test_a_varied_key_of_an_axis_stands_once() -> None:
    trial = setup(varied={"server.threads": 4, "load.zipf": 0.5})
    assert trial["threads"] == 4
    assert "server.threads" not in trial
    assert trial.label == "locmem, 1 worker, 4 threads, zipf 0.5"
    assert trial.matches({"threads": 4, "zipf": 0.5})
    assert trial.matches({"server.threads": 4, "load.zipf": 0.5})


def test_set_ups_are_equal_by_what_they_hold_and_named_by_what_differs() -> None:
    assert setup(workers=4) == PLAIN
    assert PLAIN.differs(setup(workers=2, backend="redis")) == ["backend", "workers"]
    assert PLAIN.without("workers") == setup(workers=8).without("workers")
    assert PLAIN.differs(setup(workers=4, varied={"load.zipf": 1.0})) == ["load.zipf"]


def test_identity_holds_what_names_a_trial_and_whatever_was_varied() -> None:
    trial = setup(workers=4, varied={"cache.timeout_s": 5})
    assert trial.identity == {
        **{"backend": "locmem", "workers": 4, "worker_class": "sync", "servers": 1, "threads": 1},
        "cache.timeout_s": 5,
    }
    assert "max_entries" not in trial.identity


@pytest.mark.parametrize(
    ("amount", "text"), [(1, "1 worker"), (0, "0 workers"), (3000, "3,000 workers")]
)
def test_amounts_take_the_right_number(amount: int, text: str) -> None:
    assert number_of(amount, "worker") == text
