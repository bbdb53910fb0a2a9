"""What tells set-ups apart reads as a person would say it."""

from __future__ import annotations

from typing import Any

import pytest

from harness.report.setups import setup_words, word


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("server.preload", True, "preload"),
        ("server.preload", False, "no preload"),
        ("server.routing", "uri-hash", "routing uri-hash"),
        ("servers", 2, "2 servers"),
        ("server.keep_alive_s", 60, "keep_alive_s 60"),
    ],
)
def test_a_key_and_its_value_in_words(name: str, value: Any, told: str) -> None:
    assert word(name, value) == told


def test_a_key_that_only_some_cases_name_is_told_of_those() -> None:
    plain, routed = {"servers": 2}, {"servers": 2, "server.routing": "uri-hash"}
    assert setup_words(plain, [plain, routed]) == ""
    assert setup_words(routed, [plain, routed]) == "routing uri-hash"
