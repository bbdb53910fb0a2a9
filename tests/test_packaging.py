"""What is built carries all that a run needs, and takes one name in site-packages."""

import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.record.facts import DISTRIBUTION
from harness.scenario.bundled import NAMES

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent


def build(target: str, source: Path, into: Path) -> Path:
    """Build an sdist or a wheel with the backend that is installed; no network, no isolation."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(into)],
        cwd=source,
        capture_output=True,
        check=True,
    )
    return next(into.glob("*.whl" if target == "wheel" else "*.tar.gz"))


def files_below(directory: Path) -> Iterator[Path]:
    left_out = {"__pycache__", ".hypothesis"}
    for path in directory.rglob("*"):
        if path.is_file() and not left_out & set(path.parts) and path.suffix != ".sqlite3":
            yield path


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("sdist", ROOT, tmp_path_factory.mktemp("sdist"))


def test_the_wheel_takes_no_top_level_name_but_harness(wheel: Path) -> None:
    tops = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"harness"}


def test_the_wheel_contains_what_a_checkout_has_next_to_the_package(wheel: Path) -> None:
    carried = set(zipfile.ZipFile(wheel).namelist())
    for name in NAMES:
        wanted = {str(path.relative_to(ROOT)) for path in files_below(ROOT / name)}
        assert wanted, name
        assert {f"harness/_bundled/{path}" for path in wanted} <= carried
    assert "harness/scenario/scenario.schema.json" in carried


def test_nothing_made_by_running_travels_along(wheel: Path) -> None:
    carried = zipfile.ZipFile(wheel).namelist()
    assert [name for name in carried if name.endswith((".pyc", ".sqlite3", ".log"))] == []


def test_an_unpacked_wheel_finds_what_it_carries(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = "from harness.scenario.bundled import *; print(*(bundled(name) for name in NAMES))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    inside = tmp_path / "harness" / "_bundled"
    assert done.stdout.split() == [str(inside / name) for name in NAMES]


def test_the_sdist_builds_the_same_wheel(wheel: Path, sdist: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    again = build("wheel", next(tmp_path.iterdir()), tmp_path / "dist")
    assert contents(again) == contents(wheel)


def contents(wheel: Path) -> dict[str, int]:
    """Return the checksum of each file in a wheel."""
    return {member.filename: member.CRC for member in zipfile.ZipFile(wheel).infolist()}


def test_the_distribution_is_called_what_the_harness_believes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["name"] == DISTRIBUTION


def test_the_constraints_are_exact_and_name_no_registry() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert lines
    assert [line for line in lines if "==" not in line or "://" in line] == []
