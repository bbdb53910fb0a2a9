"""The shop's jobs: one process keeps its promises, which is all that its LocMemCache can do."""

from __future__ import annotations

import json
import re

import pytest

from tests.test_demo_app import Answer, run_python, settings_error, visit

pytestmark = pytest.mark.slow

HELD = """
import django
django.setup()
from django.core.cache import cache
from django.test import Client
cache.add("lock:stock-taking", 1)
answer = Client(SERVER_NAME="localhost").get("/jobs/stock-taking/alone/")
print(answer.status_code, answer.json()["ran"])
"""


@pytest.fixture(scope="module")
def answer() -> Answer:
    once, alone = "/jobs/newsletter/once/", "/jobs/stock-taking/alone/"
    return visit(once, once, "/jobs/invoices/once/", alone, alone, SHOP_JOB_MS="5")


def contents(answer: Answer) -> list[dict[str, float]]:
    return [json.loads(page["text"]) for page in answer["visits"]]


def test_a_job_that_is_to_run_once_runs_once_in_one_process(answer: Answer) -> None:
    first, again, other, *_ = contents(answer)
    assert (first["ran"], again["ran"], other["ran"]) == (True, False, True)
    assert first["answered_by"] == answer["pid"]


def test_a_job_that_runs_alone_gives_its_lock_back_and_says_how_long_it_held_it(
    answer: Answer,
) -> None:
    *_, first, second = contents(answer)
    assert first["ran"] is second["ran"] is True
    assert first["ended_at"] - first["started_at"] >= 0.005
    assert second["started_at"] >= first["ended_at"]


def test_a_job_that_is_being_done_is_not_done_again() -> None:
    refused = run_python("-c", HELD)
    assert re.search(r"409 False$", refused.stdout.strip()), refused.stderr


def test_a_time_that_is_none_is_refused() -> None:
    error = settings_error(SHOP_JOB_MS="soon")
    assert error.endswith("SHOP_JOB_MS='soon': need a whole number of 0 or more")
