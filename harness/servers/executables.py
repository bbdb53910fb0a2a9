"""Server executables: the one that a wheel contains, and the version that one reports.

Imports none of the wheels: they would load clients and plugins.
"""

import re
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, files

ANSWER_TIMEOUT_S = 2.0


def executable_in_wheel(distribution: str, name: str) -> str:
    """Return the path of an executable that an installed wheel contains, "" if there is none."""
    try:
        found = [path for path in files(distribution) or () if path.name == name]
    except PackageNotFoundError:
        return ""
    return shutil.which(str(found[0].locate())) or "" if found else ""


def executable_version(executable: str, option: str, pattern: str) -> str:
    """Return the groups of `pattern` in what `executable option` prints, joined by a space.

    "" where it cannot be run, does not end soon, or prints something else.
    """
    try:
        done = subprocess.run(
            [executable, option],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,  # nginx prints its version there
            errors="replace",
            timeout=ANSWER_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    match = re.search(pattern, done.stdout)
    return " ".join(match.groups()) if match else ""
