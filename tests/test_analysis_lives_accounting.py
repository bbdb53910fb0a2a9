"""Lookups seen + lookups of requests that died = lookups counted, worker life by worker life."""

from __future__ import annotations

from harness.analysis.lives import LifeAccount, accounted, life_accounts, life_summaries
from tests.factories import facts_of, life_facts, samples


def account(seen: tuple[int, int], counted: tuple[int, int], died: int = 0) -> LifeAccount:
    return LifeAccount(identity=(0, 1, 1, 1001), seen=seen, counted=counted, died=died)


def test_what_was_seen_and_counted_alike_holds() -> None:
    assert account((5, 2), (5, 2)).holds


def test_what_is_missing_without_a_death_does_not_hold() -> None:
    assert not account((5, 2), (6, 2)).holds


def test_what_is_missing_is_lost_when_a_request_died_on_the_way() -> None:
    book = account((5, 2), (6, 3), died=1)
    assert book.holds
    assert accounted([book], 7).lost == 2


def test_more_seen_than_counted_never_holds() -> None:
    assert not account((5, 3), (5, 2), died=9).holds


def test_hits_do_not_make_up_for_misses() -> None:
    assert not account((5, 2), (4, 3), died=1).holds


def test_a_gap_that_no_death_explains_stays_a_gap_in_the_sums() -> None:
    sums = accounted([account((5, 2), (6, 2))], 7)
    assert (sums.samples, sums.tallies, sums.lost) == (7, 8, 0)


def test_samples_and_their_own_facts_agree() -> None:
    trial = samples()
    books = life_accounts(life_summaries(trial), facts_of(trial).lives)
    assert [book.holds for book in books] == [True]
    assert accounted(books, trial.lookups).lost == 0


def test_requests_that_started_and_were_not_seen_answered_have_died() -> None:
    trial = samples()
    facts = facts_of(trial, counts={"started": 5, "hits": 4})
    (book,) = life_accounts(life_summaries(trial), facts.lives)
    assert (book.died, book.missing, book.holds) == (2, 1, True)


def test_a_life_that_nobody_counted_does_not_hold() -> None:
    (book,) = life_accounts(life_summaries(samples()), [])
    assert not book.holds


def test_a_life_that_nobody_saw_holds_when_it_counted_nothing() -> None:
    (book,) = life_accounts((), [life_facts(tally={"outside": 3, "late": 2})])
    assert book.holds


def test_lookups_that_raised_stand_on_neither_side() -> None:
    (book,) = life_accounts((), [life_facts(tally={"errors": 3})])
    assert book.holds
