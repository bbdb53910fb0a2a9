"""The command line: verbs, options, and how failures become exit codes."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from harness.cli.main import RENAMED, VERBS, cli, main
from harness.cli.options import overrides
from harness.errors import (
    CODES,
    HarnessError,
    InfrastructureError,
    MeasurementError,
    Problem,
    ScenarioError,
    UsageError,
)
from harness.record.rundir import RunRecord, create_run_dir, write_scenario
from harness.record.samples import Samples
from harness.servers.nginx import NginxChoice
from tests.test_record import a_trial, keep_run, record


def test_without_a_verb_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(verb in shown for verb in ("run", "list", "show", "report", "doctor"))


@pytest.mark.parametrize("verb", cli.list_commands(click.Context(cli)))
def test_every_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, "--help"]) == 0
    command = cli.get_command(click.Context(cli), verb)
    assert command is not None
    assert command.help
    assert "--help" in capsys.readouterr().out


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_all_verbs_says_what_each_says_itself(verb: str) -> None:
    command = cli.get_command(click.Context(cli), verb)
    assert command is not None
    first = " ".join((command.help or "").split("\n\n")[0].split())
    assert first == VERBS[verb]


def test_the_help_of_all_verbs_imports_none_of_them() -> None:
    code = (
        "import sys; from harness.cli.main import main; main(['--help'])\n"
        "print(*(name for name in sys.modules if name.startswith('harness.gate')), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.split() == []


@pytest.mark.parametrize(("old", "new"), RENAMED.items())
def test_an_option_of_old_is_understood_with_one_line_of_notice(
    old: str, new: str, capsys: pytest.CaptureFixture[str]
) -> None:
    verb = {"--control": "run", "--floor": "duel", "--whole": "claims"}[old]
    value = "=5ms" if verb == "duel" else ""
    assert main([verb, "no-such-scenario", f"{old}{value}"]) == 2
    shown = capsys.readouterr().err
    assert shown.splitlines()[0] == f"{old} is now called {new}"
    assert "HX101" in shown
    assert main([verb, "--help"]) == 0
    shown = capsys.readouterr().out
    assert new in shown
    assert old not in shown


def test_without_an_nginx_several_servers_are_refused_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = NginxChoice(executable="", display="none")
    monkeypatch.setattr("harness.servers.nginx.find_nginx", lambda _: nowhere)
    out = tmp_path / "run"
    code = main(["run", "hit-rate", "--set", "server.servers=2", "--out", str(out)])
    told = capsys.readouterr()
    assert (code, told.out) == (3, "")
    assert "HX306 nginx: no nginx found" in told.err
    assert "hint: install it (apt install nginx" in told.err
    assert not list((out / "logs").iterdir())


def test_a_case_is_shown_on_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "servers"]) == 0
    shown = capsys.readouterr().out
    lines = [line.strip() for line in shown.splitlines()]
    assert "cases     server.servers=1, matrix.workers=4" in lines
    assert "server.servers=2, matrix.workers=2, server.routing=uri-hash" in lines


def test_options_are_short_for_keys_of_the_scenario() -> None:
    chosen = overrides(
        ("load.zipf=0.8", "server.worker_class=gthread", 'question="Why?"'),
        workers="1,4",
        backend="locmem",
        requests="50",
        users=None,
    )
    assert {key: value for key, (value, _) in chosen.items()} == {
        "load.zipf": 0.8,
        "server.worker_class": "gthread",
        "question": "Why?",
        "matrix.workers": [1, 4],
        "matrix.backend": ["locmem"],
        "load.requests": 50,
    }
    assert chosen["matrix.workers"][1] == "--workers"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run", "nothing"], "HX101"),
        (["run", "hit-rate", "--set", "load.zipf"], "HX102 --set load.zipf: need KEY=VALUE"),
        (["run", "hit-rate", "--workers", "0"], "HX203 --workers: got 0, need a number of 1"),
        (["run", "hit-rate", "--workers", "4,x"], 'HX203 --workers: got "x", need a whole number'),
        (["run", "hit-rate", "--backend", "memcache"], "HX203 --backend"),
        (["run", "hit-rate", "--requests", "0"], "HX203 --requests"),
        (["show", "hit-rate", "--users", "no"], "HX203 --users"),
        (["report", "/nowhere"], "HX104"),
        (["run"], "Missing argument"),
        (["fly"], "No such command"),
    ],
)
def test_a_mistake_of_the_caller_is_exit_2_with_its_place(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert told in captured.err
    assert captured.out == ""


@pytest.mark.parametrize(
    ("error", "code"),
    [(UsageError, 2), (ScenarioError, 2), (InfrastructureError, 3), (MeasurementError, 4)],
)
def test_the_family_of_an_error_decides_the_exit_code(
    error: type[HarnessError],
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error(Problem(code="HX000", where="here", what="got 1, need 2", hint="try 2"))

    monkeypatch.setattr(cli, "main", fail)
    assert main([]) == code
    assert capsys.readouterr().err == "HX000 here: got 1, need 2\n      hint: try 2\n"


def test_a_machine_that_lacks_something_is_exit_3_and_another_failed_call_a_crash(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr(cli, "main", fail)
    number = errno.EMFILE
    assert main([]) == 3
    assert capsys.readouterr().err.startswith("HX310 operating system: no\n")
    number = errno.ECONNRESET
    with pytest.raises(ConnectionResetError):
        main([])


def test_a_package_in_the_current_directory_replaces_no_real_one(tmp_path: Path) -> None:
    for name in ("click", "rich", "queue", "tomllib"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"raise SystemExit('{name}')")
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, "-m", "harness", "list", "--format", "json"]
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert "hit-rate" in json.loads(done.stdout)


def test_an_interruption_is_exit_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "main", interrupt)
    assert main([]) == 130


def test_list_names_every_scenario_with_its_question(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--format", "json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed["hit-rate"]["question"].endswith("?")
    assert listed["throttle"]["topic"] == "What breaks"
    assert main(["list"]) == 0
    assert "hit-rate" in capsys.readouterr().out


def test_show_tells_the_scenario_with_its_overrides(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "hit-rate", "--format", "json", "--workers", "3"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["matrix"]["workers"] == [3]
    assert main(["show", "hit-rate"]) == 0
    table = capsys.readouterr().out
    assert all(text in table for text in ("zipf", "LocMemCache lives inside one process", "3000"))


def keep(path: Path, run: RunRecord, samples: dict[int, Samples]) -> None:
    create_run_dir(path)
    write_scenario(path, {"question": "Why?"})
    keep_run(path, run, samples)


def test_a_recorded_run_is_reported_in_every_form(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(tmp_path / "run", record(), {0: a_trial()})
    assert main(["report", str(tmp_path / "run"), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["trials"][0]["lookups"] == 60
    assert main(["report", str(tmp_path / "run")]) == 0
    assert "Why?" in capsys.readouterr().out
    assert main(["report", str(tmp_path / "run"), "--format", "svg"]) == 0
    assert capsys.readouterr().out.startswith("<svg")


def test_a_run_without_a_trial_is_reported_as_not_valid(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(tmp_path / "run", record(trials=(), problems=("interrupted",)), {})
    assert main(["report", str(tmp_path / "run")]) == 4
    captured = capsys.readouterr()
    assert "interrupted" in captured.out
    assert "HX405" in captured.err


def test_help_needs_none_of_the_heavy_parts() -> None:
    code = (
        "import sys; from harness.cli.main import main; main(['--help'])\n"
        "heavy = {'numpy', 'rich', 'pydantic', 'requests', 'redis', 'django', 'locust'}\n"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_code_stands_in_one_series_that_fits_its_exit_code() -> None:
    assert all(code.startswith("HX") and code[2:].isdigit() for code in CODES)
    assert {int(code[2]) for code in CODES} <= {1, 2, 3, 4, 5}
