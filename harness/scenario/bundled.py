"""Where the demo app, the Locust files and the scenarios are: beside the package, or inside of it.

A checkout has them at its top level, for people to find and edit. The wheel carries them in
`harness/_bundled`, so that it takes no other top-level name in site-packages.
"""

from __future__ import annotations

from pathlib import Path

NAMES = ("demo_app", "locustfiles", "scenarios")

_PACKAGE = Path(__file__).resolve().parents[1]


def bundled(name: str, package: Path = _PACKAGE) -> Path:
    """Return the directory of this name; its parent is what an import of `demo_app` needs.

    `package` is where the harness is installed. Raises FileNotFoundError where neither place
    has the directory: the installation is damaged.
    """
    if name not in NAMES:
        raise ValueError(f"{name!r} is not bundled; there are {', '.join(NAMES)}")
    for parent in (package / "_bundled", package.parent):
        if (parent / name).is_dir():
            return parent / name
    raise FileNotFoundError(f"{name} is missing from the installed harness")
