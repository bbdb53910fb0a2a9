"""Duels on real servers: lost hits are found with their cause, revisions come from git."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import APP, Tiny
from tests.e2e.processes import Harness, Outcome

pytestmark = pytest.mark.e2e

IDENTITY = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")


def git(directory: Path, *words: str) -> str:
    command = ["git", "-C", str(directory), *IDENTITY, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def duel_of(outcome: Outcome) -> Any:
    assert outcome.stdout, outcome.stderr
    return json.loads(outcome.stdout)["duel"]


def verdicts(duel: Any) -> dict[str, str]:
    return {one["metric"]: one["verdict"] for one in duel["findings"]}


@pytest.mark.parametrize(
    ("loss", "cause"),
    [("user-key", "first"), ("no-set", "first"), ("short-timeout", "expired")],
)
def test_lost_hits_are_found_within_a_few_rounds_and_their_cause_is_named(
    harness: Harness, tiny: Tiny, loss: str, cause: str
) -> None:
    outcome = harness.run(
        *("duel", tiny(workers=[2]), "--b", f"app.env.TINY_LOSS={loss}"),
        *("--min-effect", "50%", "--format", "json", "--out", "run"),
    )
    duel = duel_of(outcome)
    assert outcome.code == 5
    assert verdicts(duel)["hit_rate"] == "fail"
    assert duel["cause"] == cause
    assert duel["rounds"] <= 60
    assert harness.leftovers() == []


def test_more_workers_lose_hits_to_fragmentation_and_the_record_says_so_again(
    harness: Harness, tiny: Tiny
) -> None:
    outcome = harness.run(
        *("duel", tiny(workers=[1]), "--b", "workers=4", "--set", "load.keys=2000"),
        *("--set", "load.zipf=1.2", "--min-effect", "90%", "--budget", "60s", "--out", "run"),
    )
    assert outcome.code == 5, outcome.stderr + outcome.stdout
    assert "4 workers compared with 1 worker" in outcome.stdout
    assert "Hits were lost to fragmentation" in outcome.stdout
    assert outcome.stdout.splitlines()[-1].startswith("duel: fail (hit rate -")
    again = harness.run("report", "run")
    assert (again.code, again.stdout) == (5, outcome.stdout)


def test_a_duel_ends_with_its_budget(harness: Harness, tiny: Tiny) -> None:
    outcome = harness.run(
        *("duel", tiny(workers=[1]), "--budget", "1s", "--min-effect", "0.01%"),
        *("--fail-on", "inconclusive", "--format", "json", "--out", "run"),
    )
    duel = duel_of(outcome)
    assert duel["verdict"] in ("inconclusive", "no-data")
    assert outcome.code == {"inconclusive": 6, "no-data": 4}[duel["verdict"]]
    assert duel["seconds"] < duel["budget_s"] + 5


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a repository with the tiny app: at `main` its cache works, in the tree it does not."""
    top = tmp_path / "project"
    shutil.copytree(APP, top / "src", ignore=shutil.ignore_patterns("__pycache__"))
    git(top, "init", "--quiet", "--initial-branch=main")
    git(top, "add", "--all")
    git(top, "commit", "--quiet", "--message", "works")
    source = top / "src" / "tiny.py"
    source.write_text(source.read_text().replace('if LOSS != "no-set":', "if False:"))
    return top


def at_project(text: str, project: Path, scenario: Path) -> str:
    scenario.write_text(scenario.read_text().replace(str(APP), str(project / "src")))
    return text


def test_a_revision_is_measured_against_the_working_tree(
    harness: Harness, tiny: Tiny, project: Path, tmp_path: Path
) -> None:
    name = at_project(tiny(workers=[1]), project, tmp_path / "tiny.toml")
    outcome = harness.run(
        *("duel", name, "--base-ref", "main", "--min-effect", "50%"),
        *("--format", "json", "--out", "run"),
    )
    duel = duel_of(outcome)
    assert outcome.code == 5
    assert duel["base"].startswith("main (")
    assert duel["candidate"] == "working tree"
    assert verdicts(duel)["hit_rate"] == "fail"
    assert git(project, "worktree", "list").count("\n") == 1
    assert harness.leftovers() == []


def test_revisions_do_not_import_from_where_the_harness_works(
    harness: Harness, tiny: Tiny, project: Path, tmp_path: Path
) -> None:
    """Gunicorn puts its directory first on the path, which is the project in a checkout."""
    shutil.copy(project / "src" / "tiny.py", tmp_path / "tiny.py")  # the one that loses hits
    name = at_project(tiny(workers=[1]), project, tmp_path / "tiny.toml")
    outcome = harness.run(
        *("duel", name, "--base-ref", "main", "--candidate-ref", "main", "--min-effect", "50%"),
        *("--budget", "20s", "--format", "json", "--out", "run"),
    )
    hits = {one["metric"]: one for one in duel_of(outcome)["findings"]}["hit_rate"]
    assert hits["base"] > 0.5
    assert hits["candidate"] > 0.5


def test_a_duel_that_is_interrupted_leaves_no_worktree(
    harness: Harness, tiny: Tiny, project: Path, tmp_path: Path
) -> None:
    name = at_project(tiny(workers=[1]), project, tmp_path / "tiny.toml")
    harness.start("duel", name, "--base-ref", "main", "--min-effect", "0.01%", "--out", "run")
    harness.wait_until(lambda: harness.started("00-locmem-1") > 0)
    os.kill(harness.process.pid, signal.SIGTERM)
    assert harness.wait().code == 130
    assert git(project, "worktree", "list").count("\n") == 1
    assert harness.leftovers() == []
