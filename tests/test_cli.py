"""The command line: verbs, options, and how failures become exit codes."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import re
import subprocess
import sys
from inspect import cleandoc
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from harness.cli.main import RENAMED, cli, load_verb, main
from harness.cli.shared import overrides
from harness.errors import (
    CODES,
    GateUsageError,
    HarnessError,
    InfrastructureError,
    MeasurementError,
    Problem,
    ScenarioError,
    UsageError,
    family_of,
)
from harness.record.rundir import RunRecord, create_run_dir, write_scenario
from harness.record.samples import Samples
from harness.servers.nginx import NginxChoice
from tests.test_record import a_trial, keep_run, record

NEW_VERB = '''
import click


@click.command(name="say-hello")
@click.argument("name")
def verb(name: str) -> None:
    """Greet NAME.

    Nothing more.
    """
    click.echo(f"Hello, {name}")
'''


def test_without_a_verb_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(verb in shown for verb in ("run", "list", "show", "report", "doctor"))


@pytest.mark.parametrize("verb", cli.commands)
def test_every_verb_explains_itself_in_the_same_words(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """`harness --help` reads them from the file of the verb."""
    assert main([verb, "--help"]) == 0
    assert "--help" in capsys.readouterr().out
    found = load_verb(verb)
    first = " ".join(cleandoc(found.help or "").split("\n\n")[0].split())
    assert (found.name, first) == (verb, f"{cli.commands[verb].short_help}.")


def test_a_new_verb_is_one_file(tmp_path: Path) -> None:
    """The recipe of CONTRIBUTING, followed literally on a throw-away verb."""
    (tmp_path / "say_hello.py").write_text(NEW_VERB)
    code = (
        "import sys; import harness.cli; harness.cli.__path__.append(sys.argv.pop(1));"
        "from harness.cli.main import main; code = main();"
        "sys.exit(code or 'harness.cli.say_hello' in sys.modules)"
    )

    def ran(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", code, str(tmp_path), *words]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    listed, used, mistyped = ran("--help"), ran("say-hello", "you"), ran("say-helo", "you")
    assert re.search(r"say-hello +Greet NAME\n", listed.stdout)
    assert listed.returncode == 0, "a verb is not imported for the help of all"
    assert used.stdout == "Hello, you\n"
    assert "Did you mean 'say-hello'?" in mistyped.stderr


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
    shown = capsys.readouterr()
    assert (code, shown.out) == (3, "")
    assert "HX306 nginx: no nginx found" in shown.err
    assert "hint: install it (apt install nginx" in shown.err
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
    ("arguments", "message"),
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
        (["lst"], "No such command 'lst'. Did you mean 'list'?"),
        (
            ["explain", "HX31"],
            "HX102 code HX31: is not an error code of the harness\n      hint: did",
        ),
        (["runs", "rm", "/nowhere", "--yes"], "HX104"),
    ],
)
def test_a_mistake_of_the_caller_is_exit_2_with_its_place(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert message in captured.err
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


def test_show_prints_the_scenario_with_its_overrides(capsys: pytest.CaptureFixture[str]) -> None:
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
    assert main(["report", str(tmp_path / "run"), "--format", "markdown"]) == 0
    assert "**Why?**" in capsys.readouterr().out
    assert main(["report", str(tmp_path / "run"), "--format", "csv"]) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert len(rows) == 60
    assert {row["hit"] for row in rows} == {"True", "False"}


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


def test_every_code_has_one_family_which_decides_the_exit_code() -> None:
    assert all(re.fullmatch(r"HX\d{3}", code) for code in CODES)
    families = {
        code: [one for one in HarnessError.__subclasses__() if code.startswith(one.prefix)]
        for code in CODES
    }
    assert all(found == [family_of(code)] for code, found in families.items())
    assert (family_of("HX311"), family_of("HX504")) == (InfrastructureError, GateUsageError)


def test_a_code_is_explained_in_full_and_all_are_listed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["explain", "hx311"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert f"HX311 {CODES['HX311'].meaning} {CODES['HX311'].advice}" in shown
    assert "Exit code 3." in shown
    assert main(["explain"]) == 0
    assert set(re.findall(r"HX\d{3}", capsys.readouterr().out)) == set(CODES)
    assert main(["explain", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["HX504"]["exit_code"] == 2


def test_a_dry_run_shows_what_a_run_takes_and_starts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("harness.runs.measure", None)
    command = ["run", "servers", "--backend", "locmem,redis", "--requests", "700", "--dry-run"]
    assert main(command) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "servers: 6 trials"
    assert "locmem, 4 workers, 1 server 700 requests" in lines
    assert "started 1 Locust, 2 Gunicorns, 4 workers, 1 nginx at the same time" in lines
    assert any(re.match(r"time about \d+ s", line) for line in lines)
    assert any(re.match(r"disk space about \d+ kB", line) for line in lines)
    assert main([*command, "--format", "json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert (len(content["trials"]), content["requests"]) == (6, 4200)
    assert set(content["origins"]) == {"redis", "nginx"}
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current directory, which has a run, a damaged one and a directory without one."""
    monkeypatch.chdir(tmp_path)
    keep(Path("runs/good"), record(), {0: a_trial()})
    keep(Path("runs/bad"), record(), {0: a_trial()})
    Path("runs/bad/run.json").write_text("{")
    Path("runs/mine").mkdir()
    return tmp_path


def test_runs_are_listed_with_their_sizes(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "list"]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert re.fullmatch(r"runs/bad unreadable [\d.]+ k?B", lines[0])
    assert re.fullmatch(r"runs/good 1 trial [\d.]+ kB", lines[1])
    assert re.fullmatch(r"2 runs \([\d.]+ kB\) in runs", lines[3])
    assert main(["runs", "list", str(kept / "runs"), "--format", "json"]) == 0
    bad, good = json.loads(capsys.readouterr().out)
    assert (bad["trials"], good["trials"], good["scenario"]) == (None, 1, record().scenario)
    size = sum(file.stat().st_size for file in Path("runs/good").rglob("*") if file.is_file())
    assert good["size_bytes"] == size
    assert main(["runs", "list", "nowhere"]) == 0
    assert "0 runs" in capsys.readouterr().out


def test_runs_are_deleted_on_confirmation_and_nothing_else_ever(
    kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["runs", "rm", "runs/good", "runs/mine", "--yes"]) == 2
    assert "HX104 runs/mine" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert main(["runs", "rm", "runs/good"]) == 130
    assert (kept / "runs/good").is_dir()
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert main(["runs", "rm", "runs/good"]) == 0
    assert main(["runs", "rm", "runs/bad", "runs/bad", "--yes"]) == 0
    assert [path.name for path in (kept / "runs").iterdir()] == ["mine"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("ru", ["run", "runs"]),
        ("run hit", ["hit-rate"]),
        ("run hit-rate --wor", ["--workers"]),
        ("report runs/g", ["runs/good"]),
        ("runs rm runs/", ["runs/bad", "runs/good"]),
        ("explain hx31", [code for code in CODES if code.startswith("HX31")]),
        ("report runs/good --format s", ["svg"]),
    ],
)
@pytest.mark.usefixtures("kept")
def test_the_shell_completes_verbs_options_scenarios_runs_and_codes(
    words: str, expected: list[str]
) -> None:
    *typed, incomplete = words.split()
    found = ShellComplete(cli, {}, "harness", "_HARNESS_COMPLETE")
    assert [item.value for item in found.get_completions(typed, incomplete)] == expected


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_script_and_its_answers(
    shell: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `eval "$(_HARNESS_COMPLETE=bash_source harness)"` asks for them."""
    instruction = {"COMP_WORDS": "harness explain HX31", "COMP_CWORD": "2"}
    for name, value in (instruction | {"_HARNESS_COMPLETE": f"{shell}_complete"}).items():
        monkeypatch.setenv(name, value)
    if shell == "fish":
        monkeypatch.setenv("COMP_CWORD", "HX31")
    with pytest.raises(SystemExit) as ended:
        main([])
    assert (ended.value.code, "HX311" in capsys.readouterr().out) == (0, True)
    monkeypatch.setenv("_HARNESS_COMPLETE", f"{shell}_source")
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 0
    assert "_HARNESS_COMPLETE" in capsys.readouterr().out
