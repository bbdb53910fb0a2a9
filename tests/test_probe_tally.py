"""The tally counts exactly, is complete whenever it is read, and outlives its worker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness import wire
from harness.probe.tally import COUNT, Life, Tally
from harness.servers.gunicorn import read_lives

LIFE = Life(server=0, slot=1, generation=1, pid=4242)

KILLED = """
import os, signal, sys
from pathlib import Path
from harness.probe.tally import COUNT, Life, Tally

life = Life(server=1, slot=2, generation=3, pid=os.getpid())
tally = Tally(Path(sys.argv[1]), life)
row = tally.take_row()
for number in range(1000):
    row[COUNT["hits"]] += 1
    tally.add(COUNT["stores"], 2)
row[COUNT["misses"]] += 1
os.kill(os.getpid(), signal.SIGKILL)
"""


def counted(directory: Path) -> dict[str, int]:
    """Return the counters that are not 0 of the only life in a directory."""
    (life,) = read_lives(directory)
    return {name: count for name, count in life.tally.items() if count}


def test_what_was_counted_before_a_sigkill_is_read_to_the_last_count(tmp_path: Path) -> None:
    killed = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)])
    assert killed.wait() == -signal.SIGKILL
    (life,) = read_lives(tmp_path)
    assert (life.server, life.slot, life.generation, life.pid) == (1, 2, 3, killed.pid)
    assert counted(tmp_path) == {"hits": 1000, "misses": 1, "stores": 2000}


def test_a_new_tally_has_every_count_at_zero(tmp_path: Path) -> None:
    Tally(tmp_path, LIFE)
    (life,) = read_lives(tmp_path)
    assert life.tally == dict.fromkeys(wire.TALLY_COUNTS, 0)
    assert life.caches == ()


@pytest.mark.parametrize("name", wire.TALLY_COUNTS)
def test_each_count_is_read_under_its_own_name(tmp_path: Path, name: str) -> None:
    tally = Tally(tmp_path, LIFE)
    tally.add(COUNT[name], 3)
    tally.take_row()[COUNT[name]] += 4
    assert counted(tmp_path) == {name: 7}


def test_counts_of_threads_that_share_counters_and_rows_add_up(tmp_path: Path) -> None:
    tally = Tally(tmp_path, LIFE)

    def serve(_: int) -> None:
        row = tally.take_row()
        for _ in range(200):
            row[COUNT["hits"]] += 1
            tally.add(COUNT["writes"])
        tally.give_row(row)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(serve, range(80)))
    assert counted(tmp_path) == {"hits": 16_000, "writes": 16_000}


def test_a_row_given_back_keeps_its_counts_for_the_next_request(tmp_path: Path) -> None:
    tally = Tally(tmp_path, LIFE)
    for _ in range(3 * wire.TALLY_ROWS):
        row = tally.take_row()
        row[COUNT["started"]] += 1
        tally.give_row(row)
    assert counted(tmp_path) == {"started": 3 * wire.TALLY_ROWS}


def test_more_concurrent_requests_than_rows_are_an_error_that_says_so(tmp_path: Path) -> None:
    tally = Tally(tmp_path, LIFE)
    rows = [tally.take_row() for _ in range(wire.TALLY_ROWS - 1)]  # one row is for all others
    with pytest.raises(RuntimeError, match=f"over {wire.TALLY_ROWS} concurrent requests"):
        tally.take_row()
    tally.give_row(rows.pop())
    tally.take_row()


def test_a_tally_of_another_life_of_the_same_slot_stays(tmp_path: Path) -> None:
    for generation in (1, 2):
        life = Life(server=0, slot=1, generation=generation, pid=os.getpid())
        Tally(tmp_path, life).add(COUNT["hits"], generation)
    assert [life.tally["hits"] for life in read_lives(tmp_path)] == [1, 2]
