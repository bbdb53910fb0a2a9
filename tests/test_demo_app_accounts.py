"""The shop's accounts, asked from outside, with each way to keep sessions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.test_demo_app import SHOP, database, run_python, settings_error

__all__ = ["database"]
pytestmark = pytest.mark.slow

VISIT = """
import json, os, django
django.setup()
from django.test import Client

client = Client(SERVER_NAME="localhost")
steps = [
    client.get("/account/"),
    client.post("/account/basket/", {"product": "teapot"}),
    client.post("/account/log-in/", {"customer": "ada<b>"}),
    client.post("/account/basket/", {"product": "teapot"}),
    client.get("/account/"),
    Client(SERVER_NAME="localhost").get("/account/"),
    client.get("/account/log-in/"),
]
print(json.dumps({"pid": os.getpid(), "steps": [
    {"status": step.status_code, "text": step.content.decode()} for step in steps
]}))
"""


def visit(**environment: str) -> dict[str, Any]:
    answer = run_python("-c", VISIT, **environment)
    assert answer.returncode == 0, answer.stderr
    visited: dict[str, Any] = json.loads(answer.stdout)
    return visited


@pytest.mark.parametrize("engine", ["db", "cache", "cached_db", "signed_cookies"])
def test_who_is_logged_in_is_known_and_has_a_basket(engine: str, database: Path) -> None:
    visited = visit(SHOP_DATABASE=str(database), SHOP_SESSIONS=engine)
    before, refused, logged_in, added, again, stranger, not_allowed = visited["steps"]
    assert all("Not logged in." in page["text"] for page in (before, refused, stranger))
    assert "Logged in as ada&lt;b&gt;. Items in the basket: 0." in logged_in["text"]
    assert "Items in the basket: 1." in added["text"]
    assert "Items in the basket: 1." in again["text"]
    assert not_allowed["status"] == 405
    assert f"sessions are kept in {engine}<" in again["text"]
    assert f"answered by process {visited['pid']}<" in again["text"]


def test_an_unknown_way_to_keep_sessions_is_refused_with_the_choices() -> None:
    error = settings_error(SHOP_SESSIONS="file")
    assert error.endswith("SHOP_SESSIONS='file': need one of db, cache, cached_db, signed_cookies")


def test_the_front_page_leads_to_the_account() -> None:
    page = SHOP / "shop" / "templates" / "shop" / "product_list.html"
    assert "{% url 'account' %}" in page.read_text()
