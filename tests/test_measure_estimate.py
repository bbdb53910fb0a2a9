"""What a run would take is known before it starts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness import runs
from harness.measure.estimate import estimate
from tests.duelling import duel_facts
from tests.measuring import plan_of


def test_the_demo_takes_about_as_long_as_it_was_seen_to_take() -> None:
    found = estimate(runs.resolve("hit-rate"), {"PATH": ""})
    assert len(found.trials) == 8
    assert found.requests == 24_000
    assert found.seconds == pytest.approx(46, abs=3)
    assert found.megabytes == pytest.approx(3, abs=0.3)
    assert found.processes == {"Locust": 1, "Gunicorn": 1, "worker": 8, "nginx": 0}
    assert list(found.origins) == ["redis"]


def test_trials_that_are_up_together_are_added_up() -> None:
    plan = plan_of(
        matrix={"backend": ["locmem", "redis", "memcached"], "workers": [2]},
        server={"servers": 2},
        load={"requests": 60, "rounds": 2, "arrival_rate_per_second": 6.0},
    )
    url = {"PATH": "", "HARNESS_REDIS_URL": "redis://:secret@db.example/1"}
    found = estimate(plan, url)
    assert found.processes == {"Locust": 1, "Gunicorn": 6, "worker": 12, "nginx": 3}
    assert list(found.origins) == ["redis", "memcached", "nginx"]
    assert "secret" not in str(found.origins)
    assert found.seconds == pytest.approx(3 * 10 + 5.1)


def test_a_duel_takes_its_budget_at_most() -> None:
    found = estimate(replace(plan_of(), purpose=duel_facts(budget_s=60.0)), {"PATH": ""})
    assert found.requests is None
    assert 60 < found.seconds < 66
