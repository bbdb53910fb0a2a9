"""What the probe wrote about its lives, the harness reads; also while it is being written."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

from harness.probe.tally import COUNT, Life, Tally
from harness.record.facts import CacheFacts, LifeFacts, RoundFacts
from harness.servers.gunicorn import read_lives, round_facts
from tests.factories import life_facts
from tests.probing import Probe, locmem


def life(server: int, slot: int, generation: int) -> Life:
    return Life(server=server, slot=slot, generation=generation, pid=100 * slot + generation)


def test_lives_are_read_by_server_slot_and_generation_as_numbers(tmp_path: Path) -> None:
    reported = [(0, 1, 1), (0, 1, 2), (0, 2, 1), (0, 10, 1), (1, 1, 1), (1, 1, 12)]
    for who in reversed(reported):
        Tally(tmp_path, life(*who))
    lives = read_lives(tmp_path)
    assert [(one.server, one.slot, one.generation) for one in lives] == reported
    assert [one.pid for one in lives] == [101, 102, 201, 1001, 101, 112]


def test_a_server_whose_workers_have_not_reported_has_no_lives(tmp_path: Path) -> None:
    (tmp_path / "0-1-1.tally.part").write_bytes(b"half of it")
    assert read_lives(tmp_path) == ()


def test_caches_are_reported_as_they_were_built(tmp_path: Path) -> None:
    probe = Probe(tmp_path)
    probe.wrap(locmem("one", TIMEOUT=None, OPTIONS={"MAX_ENTRIES": 7, "CULL_FREQUENCY": 2}))
    probe.wrap(locmem("two", timeout=60), alias="sessions é")
    probe.wrap(locmem("three", timeout=1))  # the same alias again, as in another thread
    (read,) = read_lives(tmp_path)
    backend = "django.core.cache.backends.locmem.LocMemCache"
    assert tuple(replace(cache, store="") for cache in read.caches) == (
        CacheFacts(
            alias="default", backend=backend, timeout_s=None, max_entries=7, cull_frequency=2
        ),
        CacheFacts(
            alias="sessions é", backend=backend, timeout_s=60, max_entries=300, cull_frequency=3
        ),
    )


def test_a_round_costs_what_the_lives_that_were_there_before_it_have_used() -> None:
    def counted(slot: int, finished: int, cpu_s: float) -> LifeFacts:
        tally = {"finished": finished, "cpu_ns": int(cpu_s * 1e9)}
        return life_facts(slot=slot, tally=tally)

    before = [counted(1, 10, 0.5), counted(2, 4, 0.25)]
    after = [counted(1, 16, 0.75), counted(2, 8, 0.5), counted(3, 5, 9.0)]
    assert round_facts(7, before, after) == RoundFacts(round=7, cpu_s=0.5, requests=10)
    assert round_facts(0, [], after) == RoundFacts(round=0, cpu_s=0.0, requests=0)


def test_a_reader_never_sees_half_a_life(tmp_path: Path) -> None:
    """While tallies are opened and caches are noted, each life read is whole, or not there."""
    opened = threading.Event()

    def open_lives() -> None:
        for slot in range(1, 60):
            tally = Tally(tmp_path, life(0, slot, 1))
            tally.add(COUNT["ready"])
            for alias in ("a", "b", "c"):
                facts = {"backend": "x", "timeout_s": 1, "max_entries": 1, "cull_frequency": 1}
                tally.note_cache(alias, facts)
        opened.set()

    thread = threading.Thread(target=open_lives)
    thread.start()
    while not opened.is_set():
        assert all(one.pid == 100 * one.slot + 1 for one in read_lives(tmp_path))
    thread.join()
    lives = read_lives(tmp_path)
    assert [one.tally["ready"] for one in lives] == [1] * 59
    assert {tuple(cache.alias for cache in one.caches) for one in lives} == {("a", "b", "c")}
