"""One row per backend: names, classes and rules agree with Django, the shop and the services."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner
from django.utils.module_loading import import_string

from harness.backends import BACKENDS, backend_of_class, users_of
from harness.cli.main import cli
from tests.probing import locmem

ROOT = Path(__file__).resolve().parent.parent


def test_every_row_names_a_class_that_exists() -> None:
    for row in BACKENDS.values():
        assert import_string(row.django_class).__name__ == row.class_name


def test_the_shop_has_a_cache_of_the_class_that_each_row_names() -> None:
    code = (
        "import json; from demo_app import settings;"
        "print(json.dumps({k: v['BACKEND'] for k, v in settings.CACHE_CHOICES.items()}))"
    )
    environ = {name: text for name, text in os.environ.items() if not name.startswith("SHOP_")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    choices = json.loads(done.stdout)
    wanted = {row.app or row.name: row.django_class for row in BACKENDS.values()}
    assert wanted.pop("unset") == choices["locmem"]  # Django's own default
    assert choices == wanted


def test_every_service_is_a_module_of_the_servers() -> None:
    services = {row.service for row in BACKENDS.values()} - {""}
    assert services == {"redis", "memcached"}
    assert all(find_spec(f"harness.servers.{service}") for service in services)
    assert users_of("redis") == ("redis", "redis-unix", "two-level")


def test_the_help_names_every_backend() -> None:
    text = "".join(CliRunner().invoke(cli, ["run", "--help"]).output.split())
    assert f"Backendstocompare:{','.join(BACKENDS)}." in text


def test_a_class_of_the_app_own_is_no_backend_of_ours() -> None:
    found = backend_of_class("LocMemCache")
    assert found
    assert found.name == "locmem"
    assert backend_of_class("MyLocMemCache") is None


@pytest.mark.parametrize("used", ["get", "has_key"])
def test_has_key_renews_no_entry_of_a_locmem_cache(used: str) -> None:
    cache = locmem("renewed", OPTIONS={"MAX_ENTRIES": 2, "CULL_FREQUENCY": 2})
    cache.set("first", 1)
    cache.set("second", 1)
    getattr(cache, used)("first")
    cache.set("third", 1)
    assert ("first" in cache) is (used == "get" or BACKENDS["locmem"].rules.has_key_renews)
