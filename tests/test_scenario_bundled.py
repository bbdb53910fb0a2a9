"""Bundled directories are found wherever the harness is."""

from pathlib import Path

import pytest

from harness.scenario.bundled import NAMES, bundled

CHECKOUT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("name", NAMES)
def test_in_a_checkout_they_are_next_to_the_package(name: str) -> None:
    assert bundled(name) == CHECKOUT / name


@pytest.mark.parametrize("name", NAMES)
def test_in_an_installation_they_are_inside_the_package(name: str, tmp_path: Path) -> None:
    package = tmp_path / "harness"
    (package / "_bundled" / name).mkdir(parents=True)
    (tmp_path / name).mkdir()  # a stranger's package of the same name does not count
    assert bundled(name, package) == package / "_bundled" / name


def test_an_installation_without_them_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="scenarios"):
        bundled("scenarios", tmp_path / "harness")


def test_a_name_that_is_not_bundled_is_refused() -> None:
    with pytest.raises(ValueError, match="not bundled"):
        bundled("tests")
