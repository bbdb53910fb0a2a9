"""The doctor shows what is here, what an absence costs, and keeps secrets."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from harness.cli.main import main
from harness.servers import doctor
from harness.servers.doctor import Component, checkup

PARTS = ["Python", "Django", "Gunicorn", "Locust", "Redis", "Memcached", "nginx", "cores"]


def findings_by_name(environ: Mapping[str, str]) -> dict[str, Component]:
    return {finding.name: finding for finding in checkup(environ)}


@pytest.fixture
def printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Return what the verb prints of components, in 80 columns."""

    def print_all(*found: Component, style: str = "table") -> str:
        monkeypatch.setattr("harness.cli.doctor.checkup", lambda: found)
        monkeypatch.setenv("COLUMNS", "80")
        assert main(["doctor", "--format", style]) == 0
        return capsys.readouterr().out

    return print_all


def test_each_part_has_a_finding_always_in_the_same_order(tmp_path: Path) -> None:
    assert [finding.name for finding in checkup()] == PARTS
    assert [finding.name for finding in checkup({"PATH": str(tmp_path)})] == PARTS


def test_what_is_absent_says_what_that_costs(tmp_path: Path) -> None:
    memcached = findings_by_name({"PATH": str(tmp_path)})["Memcached"]
    assert (memcached.found, memcached.where) == ("", "")
    assert "no trial with memcached: install memcached" in memcached.costs


def test_a_redis_that_does_not_answer_is_shown_without_its_password() -> None:
    environ = {"HARNESS_REDIS_URL": "redis://alice:s3cret@127.0.0.1:1/0"}
    redis = findings_by_name(environ)["Redis"]
    assert redis.found == ""
    assert redis.where == "redis://***@127.0.0.1:1/0"
    assert redis.costs.startswith("no trial with redis or redis-unix or two-level: it does not ans")


def test_one_core_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "cores", lambda: 1)
    assert "one core" in findings_by_name({})["cores"].costs


def test_the_table_names_every_part_and_fits_80_columns(printed: Callable[..., str]) -> None:
    long = Component(name="Redis", found="Redis 7.0.15", where="/a" * 90, costs="why " * 40)
    lines = printed(*checkup(), long).splitlines()
    assert max(map(len, lines)) <= 80
    assert all(any(line.startswith(part) for line in lines) for part in PARTS)


def test_the_table_ends_with_what_each_absence_costs(printed: Callable[..., str]) -> None:
    absent = Component(name="nginx", found="", costs="no trial with 2 servers")
    assert printed(absent).rstrip().endswith("nginx: no trial with 2 servers")
    present = Component(name="nginx", found="1.22.1")
    assert printed(present).rstrip().endswith("Nothing is missing.")


def test_for_programs_the_findings_are_plain_values(printed: Callable[..., str]) -> None:
    finding = Component(name="nginx", found="1.22.1", where="/usr/sbin/nginx")
    assert json.loads(printed(finding, style="json")) == {
        "nginx": {"found": "1.22.1", "where": "/usr/sbin/nginx", "costs": ""}
    }


def test_a_checkup_imports_neither_gunicorn_nor_locust_nor_django() -> None:
    code = (
        "import sys; from harness.servers.doctor import checkup; checkup({});"
        "print([n for n in ('gunicorn', 'locust', 'gevent', 'django') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
