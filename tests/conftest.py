"""Fixtures of all tests; a golden file changes only with --update-golden."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from harness.analysis import restart
from harness.model import simulate

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write the golden files again; read the difference before it is committed",
    )
    parser.addoption(
        "--quick", action="store_true", help="fewer examples and random draws, as in make check"
    )


def pytest_configure(config: pytest.Config) -> None:
    # Before any test is imported: the settings of property tests are based on this.
    if config.getoption("--quick"):
        settings.register_profile("quick", max_examples=25)
        settings.load_profile("quick")


@pytest.fixture(autouse=True)
def _few_draws(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let predictions come from 20 draws or so with --quick, except in tests of predictions."""
    of_predictions = request.node.get_closest_marker("all_draws")
    if request.config.getoption("--quick") and not of_predictions:
        monkeypatch.setattr(restart, "LOOKUPS_AFFORDED", 20_000)
        for simulation in simulate.LOOKUPS_AFFORDED:
            monkeypatch.setitem(simulate.LOOKUPS_AFFORDED, simulation, 20_000)


@pytest.fixture
def matches_golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Return a check that a text equals the golden file of a name."""
    update = bool(request.config.getoption("--update-golden"))

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        if update:
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"{path.name} is missing: run pytest --update-golden"
        assert text == path.read_text(encoding="utf-8")

    return check
