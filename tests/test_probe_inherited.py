"""Inherited entries are recorded under the names that lookups use."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import caches
from django.test import override_settings

from harness.probe.caches import entries, named, note_inherited
from harness.probe.tally import COUNT, Life, Tally
from harness.servers.gunicorn import read_lives
from tests.probing import locmem

LIFE = Life(server=0, slot=1, generation=1, pid=1)
LOCMEM = "django.core.cache.backends.locmem.LocMemCache"


@pytest.fixture
def tally(tmp_path: Path) -> Tally:
    return Tally(tmp_path, LIFE)


@pytest.fixture
def local() -> Iterator[None]:
    """Two caches of this process under settings of their own."""
    caches = {
        "default": {"BACKEND": LOCMEM, "LOCATION": "held-default"},
        "other": {"BACKEND": LOCMEM, "LOCATION": "held-other"},
    }
    with override_settings(CACHES=caches):
        yield


def test_entries_come_least_recently_used_first_with_what_is_left_of_their_lives() -> None:
    cache = locmem("held-order")
    for key, timeout in (("a", 100), ("b", None), ("c", 0)):
        cache.set(key, 1, timeout)
    cache.get("a")
    found = entries(cache, time.time())
    assert [key for key, _ in found] == ["b", "c", "a"]
    forever, over, lasting = (ttl_s for _, ttl_s in found)
    assert forever is None
    assert over is not None
    assert over < 0
    assert lasting == pytest.approx(100, abs=5)


@pytest.mark.parametrize(
    ("options", "version", "name"),
    [
        ({}, None, "product:17"),
        ({"KEY_PREFIX": "shop:a"}, None, "product:17"),
        ({"VERSION": 3}, None, "product:17"),
        ({}, 2, "product:17;version=2"),
        ({"KEY_PREFIX": "shop"}, "b", "product:17;version=b"),
    ],
)
def test_a_key_is_named_as_lookups_name_it(options: Any, version: Any, name: str) -> None:
    cache = locmem("held-names", **options)
    assert named(cache, cache.make_key("product:17", version)) == name


def test_a_key_that_a_key_function_has_hidden_stays_as_it_is() -> None:
    def hidden(key: str, prefix: str, version: int) -> str:
        return f"{hash((key, prefix, version + 1))}"

    cache = locmem("held-hidden", KEY_FUNCTION=hidden)
    raw = str(cache.make_key("product:17"))
    assert named(cache, raw) == raw


@pytest.mark.usefixtures("local")
def test_the_worker_records_what_it_begins_with_and_counts_from_there(
    tally: Tally, tmp_path: Path
) -> None:
    caches["default"].set("a", 1)
    tally.add(COUNT["writes"], 5)
    note_inherited(tally)
    (life,) = read_lives(tmp_path)
    (held,) = life.held
    assert (held.alias, held.keys) == ("default", ("a",))
    assert held.ttl_s[0] == pytest.approx(300, abs=5)
    assert held.at_s == pytest.approx(time.time(), abs=60)
    assert life.tally["writes"] == 0
    caches["default"].clear()


@pytest.mark.usefixtures("local")
def test_a_worker_with_empty_caches_writes_nothing_down(tally: Tally, tmp_path: Path) -> None:
    note_inherited(tally)
    assert [path.suffix for path in tmp_path.iterdir()] == [".tally"]
    assert read_lives(tmp_path)[0].held == ()


def test_writes_to_a_server_stay_counted(tally: Tally, tmp_path: Path) -> None:
    nowhere = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://x"}
    with override_settings(CACHES={"default": nowhere}):
        limits = {"timeout_s": 300, "max_entries": 300, "cull_frequency": 3}
        tally.note_cache("default", {"backend": nowhere["BACKEND"], **limits})
        tally.add(COUNT["writes"], 5)
        note_inherited(tally)
    assert read_lives(tmp_path)[0].tally["writes"] == 5
