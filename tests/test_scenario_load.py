"""Scenario files: what is accepted; every mistake is reported with its key and a way out."""

from __future__ import annotations

import tomllib
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from harness.errors import HarnessError, ScenarioError, UsageError
from harness.gate.expect import refuse_unfit
from harness.scenario.load import (
    find_scenario,
    load_plan,
    load_scenario,
    locustfile_path,
    scenario_paths,
)
from harness.scenario.parse import scenario_content

MINIMAL = {"question": "Why?"}


def scenario_file(tmp_path: Path, content: dict[str, Any] | str) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(content if isinstance(content, str) else tomli_w.dumps(content))
    return path


def problems_of(tmp_path: Path, content: dict[str, Any] | str) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(scenario_file(tmp_path, content))
    return [f"{problem.code} {problem.where}: {problem.what}" for problem in caught.value.problems]


def test_a_question_is_all_that_a_scenario_needs(tmp_path: Path) -> None:
    scenario = load_scenario(scenario_file(tmp_path, MINIMAL))
    assert scenario.name == "mine"
    assert scenario.matrix.workers == (1, 2, 4, 8)
    assert scenario.load.requests == 3000


@pytest.mark.parametrize("name", scenario_paths())
def test_every_bundled_scenario_is_valid_and_has_a_lesson(name: str) -> None:
    scenario = load_scenario(find_scenario(name))
    assert scenario.question.endswith("?")
    assert scenario.lesson.strip()
    assert locustfile_path(scenario).is_file()


@pytest.mark.parametrize("name", scenario_paths())
def test_every_short_form_is_valid_and_can_be_judged(name: str) -> None:
    path = find_scenario(name)
    short = load_scenario(path).short
    scenario, groups = load_plan(
        path, {key: (value, f"short.{key}") for key, value in short.items()}
    )
    refuse_unfit(scenario, chain(*groups), name)


def test_a_scenario_survives_being_written_as_it_was_run(tmp_path: Path) -> None:
    scenario = load_scenario(find_scenario("hit-rate"), {"load.users": (3, "--users")})
    path = tmp_path / "again.toml"
    path.write_text(tomli_w.dumps(scenario_content(scenario)))
    assert load_scenario(path) == scenario


def test_a_scenario_with_cases_survives_being_written_as_it_was_run(tmp_path: Path) -> None:
    cases = [{"server.servers": 2, "matrix.workers": [2]}, {"server.routing": "uri-hash"}]
    path = scenario_file(tmp_path, {**MINIMAL, "matrix": {"cases": cases}})
    scenario = load_scenario(path)
    assert scenario.matrix.cases == tuple(cases)
    again = tmp_path / "again.toml"
    again.write_text(tomli_w.dumps(scenario_content(scenario) | {"name": "mine"}))
    assert load_scenario(again) == scenario


@pytest.mark.parametrize(
    ("matrix", "key", "value", "setter"),
    [
        ({"cases": [{"matrix.workers": [2]}]}, "matrix.workers", [4], "matrix.cases"),
        ({"vary": {"load.users": [1, 2]}}, "load.users", 4, "matrix.vary.load.users"),
    ],
)
def test_an_option_that_the_matrix_would_win_over_is_refused(
    tmp_path: Path, matrix: dict[str, Any], key: str, value: Any, setter: str
) -> None:
    path = scenario_file(tmp_path, {**MINIMAL, "matrix": matrix})
    with pytest.raises(UsageError) as caught:
        load_scenario(path, {key: (value, "--it")})
    (problem,) = caught.value.problems
    assert (problem.code, problem.where) == ("HX102", "--it")
    assert problem.what == f"{key} gets its values from {setter}"


def test_all_problems_of_a_file_are_reported_together(tmp_path: Path) -> None:
    content = """
    color = "red"
    [matrix]
    workers = [1, 0]
    backend = ["memcache"]
    [load]
    requets = 3
    users = "many"
    """
    found = problems_of(tmp_path, content)
    assert [line.split(": ")[0].split(", key ")[1] for line in found] == [
        "question",
        "matrix.backend[0]",
        "matrix.workers[1]",
        "load.users",
        "load.requets",
        "color",
    ]


@pytest.mark.parametrize(
    ("content", "reported"),
    [
        ({"lesson": ""}, "HX204 {file}, key question: is missing"),
        ({"seed": -1}, "HX203 {file}, key seed: got -1, need a number of 0 or more"),
        ({"seed": "1"}, 'HX203 {file}, key seed: got "1", need a whole number'),
        ({"seed": True}, "HX203 {file}, key seed: got true, need a whole number"),
        ({"matrix": 3}, "HX203 {file}, key matrix: got 3, need a table"),
        (
            {"matrix": {"workers": []}},
            "HX203 {file}, key matrix.workers: got [], need at least one value",
        ),
        (
            {"matrix": {"workers": 4}},
            "HX203 {file}, key matrix.workers: got 4, need a list in brackets",
        ),
        (
            {"matrix": {"workers": [0]}},
            "HX203 {file}, key matrix.workers[0]: got 0, need a number of 1 or more",
        ),
        (
            {"matrix": {"workers": [2, 2]}},
            "HX203 {file}, key matrix.workers: got [2, 2], need each value once",
        ),
        (
            {"matrix": {"backend": ["memcache"]}},
            'HX203 {file}, key matrix.backend[0]: got "memcache", '
            "need one of 'locmem', 'redis', 'redis-unix'",
        ),
        ({"load": {"zipf": -0.5}}, "HX203 {file}, key load.zipf: got -0.5, need a number of 0"),
        ({"load": {"user": 3}}, "HX202 {file}, key load.user: is not a key of a scenario"),
        (
            {"app": {"env": {"X": "{password}"}}},
            'HX203 {file}, key app.env.X: got "{password}", need only the placeholders backend',
        ),
        (
            {"app": {"env": {"X": "{"}}},
            'HX203 {file}, key app.env.X: got "{", need balanced braces',
        ),
        ({"load": {"locustfile": "no.py"}}, "HX205 {file}, key load.locustfile:"),
        (
            {"load": {"keys": 10**18}},
            f"HX203 {{file}}, key load.keys: got {10**18}, need a number of 100000000 or less",
        ),
        ({"load": {"zipf": float("nan")}}, "HX203 {file}, key load.zipf: got NaN, need a finite"),
        (
            {"claim": "\x1b[31mred"},
            r'HX203 {file}, key claim: got "\u001b[31mred", need printable text',
        ),
        ({"name": "../up"}, 'HX203 {file}, key name: got "../up", need printable text; a name'),
        (
            {"app": {"env": {"\x1b": ""}}},
            r'HX203 {file}, key app.env.\x1b.[key]: got "\u001b", need printable text',
        ),
        (
            {"matrix": {"vary": {"load.keys": [7] * 300, "seed": [1, 2, 3, 4]}}},
            "HX203 {file}, key matrix: makes 1,200 trials or more, need 1,000 or less",
        ),
        (
            {"matrix": {"workers": [*range(1, 511)]}},
            "HX203 {file}, key matrix: makes 1,020 trials or more, need 1,000 or less",
        ),
        ({"app": {"path": "nowhere"}}, "HX205 {file}, key app.path: nowhere does not exist"),
    ],
)
def test_a_mistake_is_reported_with_its_key_what_it_got_and_what_it_needs(
    tmp_path: Path, content: dict[str, Any], reported: str
) -> None:
    complete = content if "lesson" in content else {**MINIMAL, **content}
    (found,) = problems_of(tmp_path, complete)
    assert found.startswith(reported.replace("{file}", str(tmp_path / "mine.toml")))


def test_a_mistyped_key_is_answered_with_the_one_that_was_meant(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"hint: did you mean requests\?"):
        load_scenario(scenario_file(tmp_path, {**MINIMAL, "load": {"requets": 3}}))


def test_toml_that_does_not_parse_is_reported_with_its_line(tmp_path: Path) -> None:
    (found,) = problems_of(tmp_path, "question = \n")
    assert found.startswith("HX201")
    assert "line 1" in found


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        (f"seed = {'9' * 5000}", "HX201 {file}: not valid TOML: Exceeds the limit (4300 digits)"),
        (f"lesson = {'[' * 5000}{']' * 5000}", "HX201 {file}: not valid TOML: maximum recursion"),
        (f"lesson = {'[' * 250}{']' * 250}", "HX203 {file}: values are nested too deeply"),
        ("\udcff", "HX201 {file}: not valid TOML: 'utf-8' codec can't decode"),
    ],
)
def test_a_file_that_no_parser_should_be_given_is_refused(
    tmp_path: Path, text: str, reported: str
) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    assert str(caught.value).startswith(reported.replace("{file}", str(path)))


def test_more_variants_than_anyone_could_count_are_refused_before_they_are_made(
    tmp_path: Path,
) -> None:
    vary = {f"app.env.V{number}": [*map(str, range(200))] for number in range(12)}
    (found,) = problems_of(tmp_path, {**MINIMAL, "matrix": {"vary": vary}})
    assert f"makes {200**12:,} trials or more" in found


def test_an_unknown_name_is_answered_with_the_names_there_are() -> None:
    with pytest.raises(UsageError, match=r"HX101 .*hit-rate.*\n.*did you mean hit-rate\?"):
        find_scenario("hitrate")
    with pytest.raises(UsageError, match="HX101"):
        find_scenario("x" * 5000)


def test_an_override_is_applied_and_its_mistakes_name_the_option() -> None:
    path = find_scenario("hit-rate")
    assert load_scenario(path, {"load.users": (3, "--users")}).load.users == 3
    assert load_scenario(path, {"app.env.X": ("1", "--set app.env.X")}).app.env["X"] == "1"
    with pytest.raises(HarnessError, match="HX203 --users: got 0, need a number of 1 or more"):
        load_scenario(path, {"load.users": (0, "--users")})
    with pytest.raises(HarnessError, match=r"HX202 --set load\.user: is not a key"):
        load_scenario(path, {"load.user": (1, "--set load.user")})
    with pytest.raises(HarnessError, match=r"HX202 --set seed\.x: seed is not a table"):
        load_scenario(path, {"seed.x": (1, "--set seed.x")})


def test_the_values_of_a_key_that_varies_can_be_overridden() -> None:
    path = find_scenario("recycling")
    scenario = load_scenario(path, {"matrix.vary.server.max_requests": ([0, 50], "--set")})
    assert scenario.matrix.vary["server.max_requests"] == (0, 50)
    assert "server.max_requests_jitter" in scenario.matrix.vary


def test_a_locustfile_next_to_the_scenario_comes_before_a_bundled_one(tmp_path: Path) -> None:
    path = scenario_file(tmp_path, {**MINIMAL, "load": {"locustfile": "catalog.py"}})
    assert locustfile_path(load_scenario(path), path).parent.name == "locustfiles"
    (tmp_path / "catalog.py").write_text("")
    assert locustfile_path(load_scenario(path), path) == tmp_path / "catalog.py"


def test_the_bundled_scenarios_are_plain_toml() -> None:
    for path in scenario_paths().values():
        assert tomllib.loads(path.read_text())["question"]


@pytest.mark.parametrize(
    ("content", "example"),
    [
        ({"actions": [{"at": 1.5, "do": "reload"}]}, "at = 0.5"),
        ({"actions": [{"at": 0.5, "do": "explode"}]}, 'do = "reload"'),
        ({"load": {"arrival_rate_per_second": 0}}, "load.arrival_rate_per_second = 200"),
    ],
)
def test_a_key_whose_default_does_not_show_its_form_has_an_example(
    tmp_path: Path, content: dict[str, Any], example: str
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(tomli_w.dumps({**MINIMAL, **content}))
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    assert str(caught.value).endswith(f"or write {example}")
