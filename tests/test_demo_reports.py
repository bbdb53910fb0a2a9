"""Reports of the shop: computed once for one process, whether or not a lock stands before them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.test_demo_app import run_python, seed, settings_error, visit

pytestmark = pytest.mark.slow

# Eight threads of one process ask for the same report, all before the first is done.
TOGETHER = """
import django
django.setup()
from concurrent.futures import ThreadPoolExecutor
from django.test import Client

def ask(_):
    return Client(SERVER_NAME="localhost").get("/reports/7/").json()["computed"]

ask(None)
from django.core.cache import cache
cache.clear()
with ThreadPoolExecutor(8) as threads:
    print(sum(threads.map(ask, range(8))))
"""


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shop") / "shop.sqlite3"
    seed(path)
    return path


@pytest.mark.parametrize("remedy", ["none", "lock"])
def test_the_second_who_asks_gets_what_the_first_computed(database: Path, remedy: str) -> None:
    environment = {"SHOP_STAMPEDE": remedy, "SHOP_ORIGIN_MS": "1", "SHOP_DATABASE": str(database)}
    answer = visit("/reports/7/", "/reports/7/", **environment)
    first, second = answer["visits"]
    report, again = json.loads(first["text"]), json.loads(second["text"])
    assert (report["computed"], again["computed"]) == (True, False)
    assert report["locked"] is (remedy == "lock")
    assert report["computed_by"] == answer["pid"]
    assert (first["queries"], second["queries"]) == (1, 0)
    assert again == {**report, "computed": False}


def test_a_lock_lets_one_thread_compute(database: Path) -> None:
    environment = {"SHOP_STAMPEDE": "lock", "SHOP_ORIGIN_MS": "50", "SHOP_DATABASE": str(database)}
    assert run_python("-c", TOGETHER, **environment).stdout.strip() == "1"


def test_an_unknown_remedy_is_refused_with_the_choices() -> None:
    error = settings_error(SHOP_STAMPEDE="hope")
    assert error.endswith("SHOP_STAMPEDE='hope': need one of none, lock")
