"""The nginx that is installed comes before the one in the wheel; having none is no failure."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.servers import nginx_discovery
from harness.servers.nginx_discovery import find_nginx, nginx_version


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide what this machine has."""
    monkeypatch.setattr(nginx_discovery, "_SYSTEM_PATHS", ())
    monkeypatch.setattr(nginx_discovery, "executable_in_wheel", lambda *_: "")


def test_the_one_on_the_path_comes_before_the_one_in_the_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nginx_discovery, "executable_in_wheel", lambda *_: "/wheel/nginx")
    assert find_nginx({"PATH": str(tmp_path)}).executable == "/wheel/nginx"
    (tmp_path / "nginx").write_text("#!/bin/sh\necho 'nginx version: nginx/1.2.3' >&2\n")
    (tmp_path / "nginx").chmod(0o755)
    found = find_nginx({"PATH": str(tmp_path)})
    assert (found.executable, found.display) == (str(tmp_path / "nginx"), "nginx on PATH")
    assert nginx_version(found) == "1.2.3"


def test_without_any_the_answer_is_none(tmp_path: Path) -> None:
    found = find_nginx({"PATH": str(tmp_path)})
    assert (found.executable, found.display) == ("", "none")
    assert nginx_version(found) == ""
