"""What a person who looks at servers gets: the address, what to try, and one command to copy."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from harness.cli.serve import ALONE, print_endpoint
from harness.measure.serve import RELOAD, EndpointInfo

SEARCH = EndpointInfo(
    scenario="throttle",
    trial="locmem, 4 workers",
    processes=4,
    url="http://127.0.0.1:4711",
    token="a-token-that-is-as-long-as-those-that-are-drawn-for-a-run",
    look="\nOpen /search/me/ and reload, or /search/you/ and/or /search/me/ again.",
)


def shown(info: EndpointInfo, capsys: pytest.CaptureFixture[str], style: str = "table") -> str:
    print_endpoint(info, style)
    return capsys.readouterr().out


def test_the_pages_are_those_that_the_advice_names_each_once() -> None:
    url = SEARCH.url
    assert SEARCH.pages == (f"{url}/search/me/", f"{url}/search/you/")


def test_without_a_look_the_advice_is_to_reload() -> None:
    silent = replace(SEARCH, look="")
    assert silent.advice == RELOAD
    assert silent.pages == (f"{SEARCH.url}/",)


def test_what_is_to_be_copied_stands_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(SEARCH, capsys).splitlines()
    token = f"-H 'X-Harness-Token: {SEARCH.token}'"
    assert f"  curl -s -D - -o /dev/null {token} {SEARCH.url}/search/me/" in lines
    assert f"  {SEARCH.url}/search/you/" in lines
    assert "throttle: locmem, 4 workers" in lines


@pytest.mark.parametrize("processes", [1, 4])
def test_a_single_worker_comes_with_a_hint_to_start_more(
    processes: int, capsys: pytest.CaptureFixture[str]
) -> None:
    text = " ".join(shown(replace(SEARCH, processes=processes), capsys).split())
    assert (ALONE in text) == (processes == 1)


def test_for_a_program_it_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = shown(SEARCH, capsys, "json").splitlines()
    content = json.loads(line)
    assert content["url"] == SEARCH.url
    assert content["pages"] == list(SEARCH.pages)
    assert content["curl"] == SEARCH.curl
