"""Visits are counted in two ways; asked one after another, both count everything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.test_demo_app import seed, visit

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("way", ["incr", "get-set"])
def test_one_after_another_every_visit_is_counted_for_each_page(tmp_path: Path, way: str) -> None:
    database = tmp_path / "shop.sqlite3"
    seed(database, 3)
    front, other = f"/counters/front/{way}/", f"/counters/other/{way}/"
    answer = visit(front, front, other, front, SHOP_DATABASE=str(database))
    pages = [json.loads(page["text"]) for page in answer["visits"]]
    assert [page["visits"] for page in pages] == [1, 2, 1, 3]
    assert {page["answered_by"] for page in pages} == {answer["pid"]}
    assert all(page["latest"] for page in pages)
