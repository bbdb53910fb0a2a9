"""Short versions of `make bench-gate`: duels played out of the noise of real ones."""

from __future__ import annotations

import numpy as np
import pytest

from harness.verdicts import Verdict
from tests.bench.gate import measure
from tests.duel_noise import drawn, recordings, simulated

ALARMS = (Verdict.FAIL, Verdict.IMPROVED)

pytestmark = pytest.mark.slow


def test_a_server_against_itself_raises_no_alarm() -> None:
    assert [one for one in simulated(40, budget_s=30.0) if one.verdict in ALARMS] == []


@pytest.mark.parametrize(("factor", "within_s"), [(1.10, 60.0), (1.05, 180.0)])
def test_a_slower_request_is_found_in_time(factor: float, within_s: float) -> None:
    played = simulated(20, budget_s=within_s, factor=factor, crowded=False)
    assert sum(one.verdict is Verdict.FAIL for one in played) >= 19
    assert max(one.seconds for one in played) <= within_s


def test_simulated_sides_are_alike_and_as_noisy_as_the_recorded_ones() -> None:
    for noise in recordings():
        both = noise.values["cpu_per_request_s"]
        base, candidate = drawn(np.random.default_rng(1), noise, 2000)
        ratios = np.log(candidate["cpu_per_request_s"] / base["cpu_per_request_s"])
        assert abs(ratios.mean()) < 0.02
        assert ratios.std() == pytest.approx(np.log(both[1] / both[0]).std(), rel=0.15)


def test_the_bench_has_a_figure_for_each_promise() -> None:
    figures = {figure.what: figure for figure in measure(duels=4, planted=2)}
    barred = [what for what, figure in figures.items() if figure.met is not None]
    assert barred == [
        "alike: false alarms in 4 duels",
        "10% slower: found within 60 s",
        "5% slower: found within 180 s",
    ]
    assert "stored baseline, 10% rule, alike: alarms" in figures
