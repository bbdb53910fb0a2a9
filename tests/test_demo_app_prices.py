"""A change of a price in the shop, asked from outside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.test_demo_app import database, run_python, settings_error

__all__ = ["database"]
pytestmark = pytest.mark.slow

VISIT = """
import json, django
django.setup()
from django.core.cache import cache
from django.test import Client

client = Client(SERVER_NAME="localhost")
client.get("/products/7/")
changed = client.post("/products/7/price/", {"price": "12.34"})
cached = cache.get("product:7")
steps = [
    changed,
    client.get("/products/7/"),
    client.post("/products/7/price/", {"price": "cheap"}),
    client.post("/products/999/price/", {"price": "1"}),
    client.get("/products/7/price/"),
]
print(json.dumps({"cached": cached and str(cached["price"]), "steps": [
    {"status": step.status_code, "text": step.content.decode()} for step in steps
]}))
"""


def visit(**environment: str) -> dict[str, Any]:
    answer = run_python("-c", VISIT, **environment)
    assert answer.returncode == 0, answer.stderr
    visited: dict[str, Any] = json.loads(answer.stdout)
    return visited


@pytest.mark.parametrize(("method", "cached"), [("update", "12.34"), ("delete", None)])
def test_a_change_is_shown_and_the_cache_brought_in_line(
    method: str, cached: str | None, database: Path
) -> None:
    visited = visit(SHOP_DATABASE=str(database), SHOP_INVALIDATE=method)
    changed, again, no_amount, unknown, not_allowed = visited["steps"]
    assert visited["cached"] == cached
    assert 'class="price">€ 12.34<' in changed["text"]
    assert f"({method}s the cached page)" in changed["text"]
    assert 'class="price">€ 12.34<' in again["text"]
    assert [no_amount["status"], unknown["status"], not_allowed["status"]] == [400, 404, 405]


def test_an_unknown_way_to_invalidate_is_refused() -> None:
    error = settings_error(SHOP_INVALIDATE="never")
    assert error.endswith("SHOP_INVALIDATE='never': need one of update, delete")
