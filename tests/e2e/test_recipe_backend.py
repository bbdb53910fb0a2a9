"""The recipe for a new backend, followed literally in a copy of the sources: a row and an entry."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.processes import ROOT, Harness

pytestmark = pytest.mark.e2e

ROW = """\
        BackendRow(
            name="shouting",
            django_class="demo_app.shouting.ShoutingCache",
            per_process=True,
            rules=BackendRules(clear="process"),
        ),
"""
ENTRY = """\
    "shouting": {"BACKEND": "demo_app.shouting.ShoutingCache", "OPTIONS": ENTRIES},
"""
MODULE = """\
from django.core.cache.backends.locmem import LocMemCache


class ShoutingCache(LocMemCache):
    pass
"""


def insert(path: Path, before: str, text: str) -> None:
    content = path.read_text(encoding="utf-8")
    assert content.count(before) == 1
    path.write_text(content.replace(before, text + before), encoding="utf-8")


@pytest.fixture
def environ(tmp_path: Path) -> Mapping[str, str]:
    """Return an environment in which the harness is a copy with one more backend."""
    copy = tmp_path / "copy"
    for name in ("harness", "demo_app", "locustfiles", "scenarios"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    insert(copy / "harness" / "backends.py", "        # An app without CACHES", ROW)
    insert(copy / "demo_app" / "settings.py", '    "dummy": {"BACKEND"', ENTRY)
    (copy / "demo_app" / "shouting.py").write_text(MODULE, encoding="utf-8")
    return {"PYTHONPATH": str(copy)}


def test_a_row_and_an_entry_of_the_shop_are_a_new_backend(
    harness: Harness, environ: Mapping[str, str]
) -> None:
    words = [sys.executable, "-m", "harness", "run", "--help"]
    shown = subprocess.run(
        words, env={**os.environ, **environ}, cwd="/", capture_output=True, text=True, check=True
    )
    assert "shouting" in shown.stdout
    outcome = harness.run(
        *("run", "hit-rate", "--workers", "2", "--backend", "shouting", "--requests", "240"),
        *("--format", "json", "--out", "run"),
        env=environ,
    )
    assert outcome.code == 0, outcome.stderr
    (trial,) = json.loads(outcome.stdout)["trials"]
    assert trial["backend"] == "shouting"
    assert trial["explained"]["per_process"] == 1
    assert "setting-not-effective" not in {caveat["code"] for caveat in trial["caveats"]}
