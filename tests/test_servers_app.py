"""What an app's processes see: a closed environment for the shop, the shell's less some else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.errors import InfrastructureError
from harness.servers.app import AppSettings, inherited, prepare_app
from harness.servers.reaper import Reaper

SHELL = {
    "PATH": "/usr/bin",
    "LC_ALL": "C.UTF-8",
    "TZ": "Europe/Berlin",
    "SHOP_WARM": "100",
    "DJANGO_SETTINGS_MODULE": "other.settings",
    "API_KEY": "s3cret",
    "WEB_CONCURRENCY": "9",
    "GUNICORN_CMD_ARGS": "--workers 9",
    "GUNICORN_PID": "1",
    "FORWARDED_ALLOW_IPS": "*",
    "LISTEN_FDS": "1",
    "LOCUST_USERS": "9",
    "HARNESS_REDIS_URL": "redis://:s3cret@10.0.0.1/0",
    "PYTHONSTARTUP": "/startup.py",
    "PYTHONWARNINGS": "error",
    "PYTHONUTF8": "1",
}
PACKAGE = "raise SystemExit('the package in the current directory was imported')\n"


@pytest.fixture
def reaper() -> Iterator[Reaper]:
    reaper = Reaper()
    yield reaper
    reaper.close()


def test_the_shop_inherits_only_what_any_process_needs() -> None:
    assert set(inherited(SHELL, closed=True)) == {"PATH", "LC_ALL", "TZ", "PYTHONUTF8"}


def test_a_project_inherits_the_shell_less_what_changes_servers_load_or_interpreter() -> None:
    assert set(inherited(SHELL, closed=False)) == {
        *("PATH", "LC_ALL", "TZ", "PYTHONUTF8"),
        *("SHOP_WARM", "DJANGO_SETTINGS_MODULE", "API_KEY"),
    }


@pytest.mark.parametrize("closed", [True, False])
def test_the_current_directory_is_on_no_path_by_chance(
    closed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = inherited({"PYTHONPATH": os.pathsep.join(["", "/lib", "", "src"])}, closed=closed)
    assert path == {"PYTHONPATH": os.pathsep.join(["/lib", str(tmp_path / "src")])}
    assert inherited({"PYTHONPATH": os.pathsep}, closed=closed) == {}


def test_an_app_is_imported_before_what_is_inherited_and_its_settings_win(tmp_path: Path) -> None:
    shell = {"PYTHONPATH": "/lib", "COLOR": "red", "SIZE": "1"}
    app = AppSettings(path=tmp_path, scratch=tmp_path, inherited=shell)
    environ = app.environ({"COLOR": "{backend}"}, backend="locmem")
    assert environ["PYTHONPATH"] == f"{tmp_path}{os.pathsep}/lib"
    assert (environ["COLOR"], environ["SIZE"]) == ("locmem", "1")


@pytest.mark.slow
def test_a_package_in_the_current_directory_is_not_used_to_prepare(
    tmp_path: Path, reaper: Reaper
) -> None:
    for name in ("django", "queue", "demo_app", "json"):
        (tmp_path / f"{name}.py").write_text(PACKAGE)
    app = AppSettings(
        path=Path(__file__).parents[1],
        scratch=tmp_path,
        inherited={},
        cwd=tmp_path,
        prepare=("-c", "import django, json, queue, demo_app, harness"),
    )
    prepare_app(app, app.environ({}), log=tmp_path / "app.log", reaper=reaper)


@pytest.mark.slow
def test_a_script_that_prepares_finds_what_is_next_to_it(tmp_path: Path, reaper: Reaper) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "neighbor.py").write_text("")
    (tmp_path / "project" / "manage.py").write_text("import neighbor\n")
    app = AppSettings(
        path=tmp_path,
        scratch=tmp_path,
        inherited={},
        cwd=tmp_path,
        prepare=("project/manage.py",),
    )
    prepare_app(app, app.environ({}), log=tmp_path / "app.log", reaper=reaper)


@pytest.mark.slow
def test_a_preparation_that_fails_is_reported_with_its_last_lines(
    tmp_path: Path, reaper: Reaper
) -> None:
    app = AppSettings(
        path=tmp_path, scratch=tmp_path, inherited={}, prepare=("-c", "raise ValueError('no disk')")
    )
    with pytest.raises(InfrastructureError, match="HX304 python -c") as caught:
        prepare_app(app, app.environ({}), log=tmp_path / "app.log", reaper=reaper)
    assert "ValueError: no disk" in str(caught.value)
