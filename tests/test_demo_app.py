"""The demo shop, asked from outside: Django runs in child processes and stays out of this one."""

import ast
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
SHOP = ROOT / "demo_app"
PRODUCTS = 20
REVIEWS = 40_000
Rows = list[tuple[Any, ...]]
Answer = dict[str, Any]

VISIT = """
import json, os, django
django.setup()
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

def get(path):
    with CaptureQueriesContext(connection) as queries:
        response = Client(raise_request_exception=False, SERVER_NAME="localhost").get(path)
    text = response.content.decode()
    return {"status": response.status_code, "text": text, "queries": len(queries)}

visits = [get(path) for path in PATHS]
print(json.dumps({"pid": os.getpid(), "visits": visits}))
"""


def run_python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a Python for which the shop is importable and every warning an error."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SHOP_")}
    django = {"DJANGO_SETTINGS_MODULE": "demo_app.settings", "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        env={**inherited, **django, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def seed(database: Path, products: int = PRODUCTS) -> str:
    """Run `seed_shop` and return what it says."""
    environment = {"SHOP_DATABASE": str(database), "SHOP_PRODUCTS": str(products)}
    seeded = run_python("-m", "django", "seed_shop", **environment)
    assert seeded.returncode == 0, seeded.stderr
    return seeded.stdout


def rows(database: Path, table: str) -> Rows:
    connection = sqlite3.connect(database)
    try:
        return connection.execute(f"SELECT * FROM shop_{table} ORDER BY id").fetchall()
    finally:
        connection.close()


def settings(**environment: str) -> dict[str, Any]:
    """Return the settings that the tests look at."""
    code = (
        "import json, demo_app.settings as s;"
        "print(json.dumps({'cache': s.CACHES['default'], 'hosts': s.ALLOWED_HOSTS}))"
    )
    answer = run_python("-c", code, **environment)
    assert answer.returncode == 0, answer.stderr
    loaded: dict[str, Any] = json.loads(answer.stdout)
    return loaded


def settings_error(**environment: str) -> str:
    """Return the last line of what Django says about settings that it must refuse."""
    refused = run_python("-c", "import demo_app.settings", **environment)
    assert refused.returncode != 0
    return refused.stderr.splitlines()[-1]


def visit(*paths: str, **environment: str) -> Answer:
    """Get the pages one after another from one process of the shop."""
    code = VISIT.replace("PATHS", repr(paths))
    answer = run_python("-c", code, **environment)
    assert answer.returncode == 0, answer.stderr
    return {**json.loads(answer.stdout), "stderr": answer.stderr}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shop") / "shop.sqlite3"
    seed(path)
    return path


@pytest.fixture(scope="module")
def answer(database: Path) -> Answer:
    unknown = f"/products/{PRODUCTS + 1}/"
    return visit("/products/7/", "/products/7/", "/", unknown, SHOP_DATABASE=str(database))


def test_the_second_read_comes_from_the_cache(answer: Answer) -> None:
    first, second, *_ = answer["visits"]
    assert first["queries"] > 0
    assert second["queries"] == 0
    assert second["text"] == first["text"]


def test_with_the_dummy_cache_every_read_is_computed_again(database: Path) -> None:
    environment = {"SHOP_DATABASE": str(database), "SHOP_CACHE": "dummy"}
    first, second = visit("/products/7/", "/products/7/", **environment)["visits"]
    assert first["queries"] == second["queries"] > 0


def test_the_page_says_who_computed_it_and_who_answered(answer: Answer) -> None:
    page, pid = answer["visits"][0]["text"], answer["pid"]
    assert re.search(rf"computed at \d\d:\d\d:\d\d\.\d\d\d by process {pid}<", page)
    assert f"answered by process {pid}<" in page


def test_the_page_shows_what_the_rows_say(answer: Answer, database: Path) -> None:
    reviews = rows(database, "review")
    ratings = [rating for _, rating, _, product in reviews if product == 7]
    average = sum(ratings) / len(ratings)
    beaten = sum(rating < average for _, rating, _, _ in reviews) / len(reviews)
    page = " ".join(answer["visits"][0]["text"].split())
    assert f"{average:.1f} of 5 stars from {len(ratings)} reviews" in page
    assert f"better than {100 * beaten:.0f} % of all reviews" in page


def test_a_shop_that_is_warmed_has_its_first_products_cached_before_it_serves(
    database: Path,
) -> None:
    code = """
import demo_app.wsgi
from django.core.cache import cache
from django.db import connection
assert connection.connection is None, "a fork would share it"
print(*(pk for pk in range(1, 20) if cache.get(f"product:{pk}")))
"""
    warmed = run_python("-c", code, SHOP_DATABASE=str(database), SHOP_WARM="3")
    assert warmed.stdout.split() == ["1", "2", "3"], warmed.stderr


def test_the_page_inside_shows_what_the_process_holds(database: Path) -> None:
    found = visit(
        "/inside/", "/products/7/", "/products/8/", "/inside/", SHOP_DATABASE=str(database)
    )
    first, *_, last = (page["text"] for page in found["visits"])
    empty, held = json.loads(first), json.loads(last)
    assert (empty["entries"], empty["bytes"]) == (0, 0)
    assert held["entries"] == 2
    assert held["bytes"] > 2 * 100
    assert held["resident_bytes"] > 10_000_000
    assert held["answered_by"] == found["pid"]


def test_a_cheap_page_does_without_the_costly_query(database: Path) -> None:
    dear = visit("/products/7/", SHOP_DATABASE=str(database))["visits"][0]
    cheap = visit("/products/7/", SHOP_DATABASE=str(database), SHOP_ORIGIN="cheap")["visits"][0]
    assert cheap["queries"] == dear["queries"] - 1
    assert "of all reviews" not in cheap["text"]
    assert settings_error(SHOP_ORIGIN="free").endswith("need one of full, cheap")


def test_the_front_page_links_to_the_products(answer: Answer) -> None:
    page = answer["visits"][2]
    assert page["status"] == 200
    assert all(f'href="/products/{pk}/"' in page["text"] for pk in range(1, PRODUCTS + 1))
    others = ("/reports/1/", "/jobs/newsletter/once/", "/counters/front-page/incr/")
    assert all(f'href="{path}"' in page["text"] for path in others)


def test_an_unknown_product_is_not_found(answer: Answer) -> None:
    assert answer["visits"][3]["status"] == 404


def test_an_error_in_a_view_is_printed_with_its_traceback(tmp_path: Path) -> None:
    answer = visit("/", SHOP_DATABASE=str(tmp_path / "empty.sqlite3"))
    assert answer["visits"][0]["status"] == 500
    assert "Traceback" in answer["stderr"]
    assert "no such table: shop_product" in answer["stderr"]


def test_the_rows_are_the_same_every_time(database: Path, tmp_path: Path) -> None:
    another = tmp_path / "another.sqlite3"
    seed(another)
    for table in ("product", "review"):
        assert rows(another, table) == rows(database, table)


def test_the_products_are_numbered_from_one_without_a_gap(database: Path) -> None:
    assert [row[0] for row in rows(database, "product")] == list(range(1, PRODUCTS + 1))
    assert len(rows(database, "review")) == REVIEWS


def test_seeding_again_says_so_and_writes_nothing(database: Path) -> None:
    written = database.stat().st_mtime_ns
    assert f"has its {PRODUCTS} products already" in seed(database)
    assert database.stat().st_mtime_ns == written


def test_another_number_of_products_fills_the_shop_again(database: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copy(database, tmp_path))
    assert "has 2 products now" in seed(copy, 2)
    assert [row[0] for row in rows(copy, "product")] == [1, 2]
    assert {row[3] for row in rows(copy, "review")} == {1, 2}


def test_an_unknown_cache_is_refused_with_the_choices() -> None:
    error = settings_error(SHOP_CACHE="file")
    choices = "locmem, redis, memcached, database, files, two-level, dummy, unset"
    assert error.endswith(f"SHOP_CACHE='file': need one of {choices}")


@pytest.mark.parametrize(
    ("name", "value", "minimum"),
    [
        ("SHOP_PRODUCTS", "0", 1),
        ("SHOP_CACHE_MAX_ENTRIES", "many", 1),
        ("SHOP_CACHE_TIMEOUT", "-5", 0),
        ("SHOP_CACHE_TIMEOUT", "", 0),
    ],
)
def test_a_number_that_is_none_is_refused(name: str, value: str, minimum: int) -> None:
    error = settings_error(**{name: value})
    assert error.endswith(f"{name}={value!r}: need a whole number of {minimum} or more")


def test_without_any_variable_the_cache_is_what_django_would_choose() -> None:
    assert settings()["cache"] == {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 300},
        "KEY_PREFIX": "",
        "TIMEOUT": 300,
    }


def test_with_the_cache_left_unset_django_keeps_pages_in_its_own_default(database: Path) -> None:
    environment = {"SHOP_DATABASE": str(database), "SHOP_CACHE": "unset"}
    first, second = visit("/products/7/", "/products/7/", **environment)["visits"]
    assert first["queries"] > second["queries"] == 0
    assert "kept in LocMemCache<" in second["text"]
    unset = run_python(
        "-c", "import demo_app.settings as s; assert not hasattr(s, 'CACHES')", **environment
    )
    assert unset.returncode == 0, unset.stderr


def test_the_variables_reach_the_cache_and_the_hosts() -> None:
    found = settings(
        SHOP_CACHE="redis",
        SHOP_CACHE_URL="redis://127.0.0.1:7777/3",
        SHOP_CACHE_PREFIX="trial-1",
        SHOP_CACHE_TIMEOUT="none",
        SHOP_ALLOWED_HOSTS="shop, shop.test",
    )
    assert found["cache"] == {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": "redis://127.0.0.1:7777/3",
        "KEY_PREFIX": "trial-1",
        "TIMEOUT": None,
    }
    assert found["hosts"] == ["localhost", "127.0.0.1", "[::1]", "shop", "shop.test"]


@pytest.mark.parametrize("cache", ["database", "files"])
def test_what_a_process_leaves_in_database_or_files_another_finds(
    cache: str, database: Path, tmp_path: Path
) -> None:
    shop = Path(shutil.copy(database, tmp_path))
    environment = {"SHOP_CACHE": cache, "SHOP_CACHE_FILES": str(tmp_path / "files")}
    first, second = (
        visit("/products/7/", SHOP_DATABASE=str(shop), **environment) for _ in range(2)
    )
    assert first["visits"][0]["queries"] > second["visits"][0]["queries"]
    assert f"by process {first['pid']}<" in second["visits"][0]["text"]
    assert f"answered by process {second['pid']}<" in second["visits"][0]["text"]


def test_writers_of_a_cache_in_sqlite_queue_for_the_lock(database: Path, tmp_path: Path) -> None:
    shop = Path(shutil.copy(database, tmp_path))
    code = """
import django, threading
django.setup()
from django.core.cache import cache
from django.db import connections

def write(part):
    for number in range(25):
        cache.set(f"{part}:{number}", number, 60)
    connections.close_all()

threads = [threading.Thread(target=write, args=(part,)) for part in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(sum(cache.get(f"{part}:{number}") == number for part in range(4) for number in range(25)))
connections.close_all()
"""
    written = run_python("-c", code, SHOP_DATABASE=str(shop), SHOP_CACHE="database")
    assert written.stdout.split() == ["100"], written.stderr


def test_the_tables_match_the_models() -> None:
    command = ("-m", "django", "makemigrations", "--check", "--dry-run")
    checked = run_python(*command, SHOP_DATABASE=":memory:")
    assert checked.returncode == 0, checked.stdout


def imported_modules(source: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(source.read_text())))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}


def test_the_shop_knows_nothing_of_the_harness() -> None:
    sources = list(SHOP.rglob("*.py"))
    assert sources
    top_level = {name.split(".")[0] for source in sources for name in imported_modules(source)}
    assert top_level <= {"demo_app", "django"} | sys.stdlib_module_names
