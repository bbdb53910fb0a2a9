"""Every caveat is raised by what it is about, and by nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest

from harness.analysis.analyze import analyze_trial
from harness.analysis.caveats import CHECKS, INVALIDATING
from harness.record.facts import TrialFacts
from harness.record.samples import Samples
from tests.factories import (
    INF,
    action_facts,
    cache_facts,
    even_routing,
    facts_of,
    in_rounds,
    life_facts,
    load_facts,
    redis_facts,
    replaced,
    restarted_lives,
    restarted_routing,
    routed_samples,
    samples,
    trial_facts,
    worker_lives,
    zipf_keys,
)

Trial = tuple[TrialFacts, Samples]


def sound(workers: int = 2) -> Samples:
    return routed_samples(zipf_keys(1000, 50), even_routing(1000, workers))


def unanswered() -> Trial:
    nothing = {
        name: column[:0]
        for name, column in samples().columns().items()
        if name in ("request", "cache", "key", "hit", "at_s")
        or name in ("lookup_s", "origin_s", "store_s", "ttl_s")
    }
    trial = samples(life=[-1] * 3, status=[0] * 3, **nothing)
    return facts_of(trial), trial


def counted(**counts: int) -> Trial:
    trial = sound()
    return facts_of(trial, counts=counts), trial


def failing() -> Trial:
    trial = sound()
    status = trial.status.copy()
    status[7] = 500
    changed = Samples(**{**trial.columns(), "status": status, "failed": status >= 500})
    return facts_of(changed), changed


def silent() -> Trial:
    trial = sound()
    facts = facts_of(trial)
    return trial_facts(lives=(*facts.lives, life_facts(slot=3)), load=facts.load), trial


def replaced_worker() -> Trial:
    lives = np.array([(0, 1, 1, 11), (0, 1, 2, 12)])
    key = zipf_keys(1000, 50)
    trial = routed_samples(key, np.repeat([0, 1], 500), lives=lives)
    return facts_of(trial), trial


def lucky() -> Trial:
    """Every key always goes to the same worker: far better than random routing can do."""
    key = zipf_keys(1000, 50)
    trial = routed_samples(key, key % 2)
    return facts_of(trial), trial


def forgetful() -> Trial:
    trial = samples(
        hit=np.zeros(300, np.bool_),
        origin_s=np.full(300, 1e-4),
        store_s=np.full(300, 1e-4),
        ttl_s=np.full(300, INF),
    )
    return facts_of(trial), trial


def dropping(backend: str) -> Trial:
    """A shared cache with more keys than it holds entries."""
    trial = routed_samples(zipf_keys(1000, 50), even_routing(1000, 2), shared=True)
    cache = cache_facts(backend=f"django.core.cache.backends.{backend}", max_entries=40)
    return facts_of(trial, backend="files", cache=cache, max_entries=40), trial


def short() -> Trial:
    trial = routed_samples(zipf_keys(199, 20), even_routing(199, 1))
    return facts_of(trial), trial


def with_load(**load: float) -> Trial:
    trial = sound()
    return facts_of(trial, load=load_facts(**{"asked": 1000, **load})), trial


def overrun() -> Trial:
    """Asked for 200 requests a second, the server lets 100 through."""
    at_s = np.arange(300) / 200
    trial = samples(due_s=at_s, sent_s=at_s, done_s=np.arange(1, 301) / 100)
    return facts_of(trial, load=load_facts(asked=300, arrival_rate_per_second=200.0)), trial


def hurried() -> Trial:
    """Several rounds, but far too few lookups for the far percentiles."""
    trial = in_rounds(sound(), 4)
    return facts_of(trial), trial


def reloaded() -> Trial:
    routing = restarted_routing(1000, 2, 500)
    trial = routed_samples(zipf_keys(1000, 50), routing, lives=restarted_lives(2))
    return facts_of(trial, actions=(action_facts("reload", 500),)), trial


def broken() -> Trial:
    trial = sound()
    failed = np.ones(trial.requests, np.bool_)
    return facts_of(trial), Samples(**{**trial.columns(), "failed": failed})


def in_users_redis(**facts: Any) -> Trial:
    trial = sound()
    return facts_of(trial, **facts), trial


CAUSED_BY: Mapping[str, Trial] = {
    "no-answer": unanswered(),
    "unaccounted": counted(hits=1),
    "all-failed": broken(),
    "shared-clear": in_users_redis(shared_clears=3),
    "foreign-keys-added": in_users_redis(foreign_keys=3),
    "foreign-keys-lost": in_users_redis(foreign_keys=-3),
    "incomplete": with_load(asked=1001),
    "failed-requests": failing(),
    "silent-worker": silent(),
    "worker-replaced": replaced_worker(),
    "no-control": reloaded(),
    "setting-not-effective": (facts_of(sound(), max_entries=7), sound()),
    "unknown-drops": dropping("filebased.FileBasedCache"),
    "neither-model": forgetful(),
    "outside-interval": lucky(),
    "too-few-samples": short(),
    "saturated-generator": with_load(cpu_s=9.1, wall_s=10.0),
    "saturated-server": overrun(),
    "percentile-withheld": hurried(),
    "other-writes": counted(writes=4),
    "late-lookups": counted(late=4),
    "outside-lookups": counted(outside=4),
    "errors": counted(errors=4),
}


@cache
def caveats_of(code: str) -> dict[str, str]:
    """Return code -> text of the caveats of the trial that causes `code`."""
    return {caveat.code: caveat.text for caveat in analyze_trial(*CAUSED_BY[code]).caveats}


def codes(trial: Trial) -> set[str]:
    return {caveat.code for caveat in analyze_trial(*trial).caveats}


@pytest.mark.parametrize("code", CHECKS)
def test_each_caveat_is_raised_by_its_cause(code: str) -> None:
    assert code in caveats_of(code)


@pytest.mark.parametrize("code", CHECKS)
def test_each_caveat_tells_its_numbers(code: str) -> None:
    assert any(character.isdigit() for character in caveats_of(code)[code])


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_a_sound_trial_has_none(workers: int) -> None:
    trial = sound(workers)
    assert codes((facts_of(trial), trial)) == set()


def test_a_sound_shared_trial_has_none() -> None:
    trial = routed_samples(zipf_keys(1000, 50), even_routing(1000, 4), shared=True)
    assert codes((facts_of(trial, backend="redis", cache=redis_facts()), trial)) == set()


def test_a_users_redis_in_which_nothing_foreign_changed_is_no_caveat() -> None:
    assert codes(in_users_redis(foreign_keys=0)) == set()


def test_workers_that_a_reload_replaced_were_asked_to_end() -> None:
    assert "worker-replaced" not in codes(reloaded())


def test_workers_that_max_requests_recycles_were_asked_to_end() -> None:
    facts, trial = replaced_worker()
    assert "worker-replaced" not in codes((replaced(facts, max_requests=500), trial))


def test_a_worker_that_dies_beside_the_one_that_was_killed_is_named() -> None:
    facts, trial = reloaded()
    killed = replaced(facts, actions=(action_facts("kill-worker", 500, slot=1),))
    reported = {caveat.code: caveat.text for caveat in analyze_trial(killed, trial).caveats}
    assert "1 worker ended unexpectedly: 0.2 generation 1 (pid 1002)" in reported["worker-replaced"]


def test_a_worker_that_died_before_it_served_is_named() -> None:
    trial = sound()
    facts = facts_of(trial)
    died = life_facts(slot=1, generation=0, pid=7)
    reported = analyze_trial(replaced(facts, lives=(died, *facts.lives)), trial).caveats
    assert any("generation 0 (pid 7)" in caveat.text for caveat in reported)


def test_a_recycled_workers_heir_that_came_too_late_to_serve_is_not_silent() -> None:
    facts, trial = replaced_worker()
    late = life_facts(slot=1, generation=3, pid=13)
    recycled = replaced(facts, lives=(*facts.lives, late), max_requests=500)
    assert "silent-worker" not in codes((recycled, trial))


def test_a_trial_with_a_control_lacks_none() -> None:
    facts, trial = reloaded()
    undisturbed = sound()
    reported = analyze_trial(facts, trial, control=(facts_of(undisturbed), undisturbed))
    assert "no-control" not in {caveat.code for caveat in reported.caveats}


def test_a_dummy_cache_does_as_it_should() -> None:
    rows = 300
    trial = samples(
        hit=np.zeros(rows, np.bool_),
        origin_s=np.full(rows, 1e-4),
        store_s=np.full(rows, 1e-4),
        ttl_s=np.full(rows, INF),
    )
    dummy = cache_facts(backend="django.core.cache.backends.dummy.DummyCache")
    assert codes((facts_of(trial, backend="dummy", cache=dummy), trial)) == set()


@pytest.mark.parametrize("backend", ["redis", "dummy"])
def test_a_backend_that_is_not_the_one_asked_for_is_reported(backend: str) -> None:
    trial = sound()
    assert "setting-not-effective" in codes((facts_of(trial, backend=backend), trial))


def test_a_timeout_that_the_workers_do_not_use_is_reported() -> None:
    trial = sound()
    assert "setting-not-effective" in codes((facts_of(trial, timeout_s=60.0), trial))


def test_what_a_database_drops_is_no_more_known_than_what_files_do() -> None:
    facts, trial = dropping("db.DatabaseCache")
    assert codes((replaced(facts, backend="database"), trial)) == {"unknown-drops"}
    plenty = cache_facts(backend="django.core.cache.backends.db.DatabaseCache")
    assert codes((facts_of(trial, backend="database", cache=plenty), trial)) == set()


def test_a_limit_that_files_heed_must_be_the_one_asked_for() -> None:
    facts, trial = dropping("filebased.FileBasedCache")
    assert "setting-not-effective" in codes((replaced(facts, max_entries=7), trial))


def test_a_limit_that_redis_never_heeds_is_not_reported() -> None:
    trial = routed_samples(zipf_keys(1000, 50), even_routing(1000, 4), shared=True)
    facts = facts_of(trial, backend="redis", cache=redis_facts(), max_entries=7)
    assert codes((facts, trial)) == set()


def test_lookups_of_requests_that_died_are_not_unaccounted() -> None:
    trial = sound()
    first = int(np.count_nonzero(trial.life == 0))
    hits = int(np.count_nonzero(trial.hit & (trial.lookup_life == 0)))
    died = facts_of(trial, counts={"started": first + 1, "hits": hits + 1})
    assert "unaccounted" not in codes((died, trial))


def test_lookups_of_answers_that_name_no_worker_are_unaccounted() -> None:
    trial = samples(life=[0, -1, 0], lives=worker_lives(1))
    assert "unaccounted" in codes((facts_of(trial), trial))


def test_what_invalidates_a_trial_is_in_the_table() -> None:
    assert set(CHECKS) >= INVALIDATING
