"""The picture of the house in CONTRIBUTING.md: folders and who may import whom, as Mermaid.

Made from the table of allowed imports. An arrow that follows from others is left out, and so are
those to the ground floor, which everything may use.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tests.test_architecture import ALLOWED, MODULES

ABOVE_ALL = ("runs", "__main__")
"""Modules next to the packages that are no part of the ground floor."""


def picture() -> str:
    """Return a flow chart: an arrow goes from a folder to one that it imports."""
    arrows = _arrows()
    ground = sorted(room for room in arrows if _is_ground(room))
    lines = ["flowchart TD", f'  ground["ground floor: {", ".join(ground)}"]']
    for room, below in sorted(arrows.items()):
        if room in ground:
            continue
        upper = {other for other in below if other not in ground}
        through = set().union(*(_reachable(other, arrows) for other in upper))
        lines += [f"  {room} --> {other}" for other in sorted(upper - through)]
        if not upper:
            lines.append(f"  {room} --> ground")
    return "\n".join(lines) + "\n"


def _is_ground(room: str) -> bool:
    path = MODULES.get(f"harness.{room}")
    return path is not None and path.name != "__init__.py" and room not in ABOVE_ALL


def _arrows() -> Mapping[str, set[str]]:
    """Return for each folder or module in `harness` what it may import, by name."""
    found: dict[str, set[str]] = {}
    for row, (ours, _) in ALLOWED.items():
        room = _room(row)
        if room and room not in ("__main__", "pytest_plugin"):
            below = set(_named(ours)) if ours != "harness" else set()
            found.setdefault(room, set()).update(below - {room})
    # The row that may import everything sees what nothing else does.
    used = set().union(*found.values())
    found["cli"] = {room for room in found if room not in used and room != "cli"}
    return found


def _room(module: str) -> str:
    top, _, inner = module.partition(".")
    return inner.partition(".")[0] if top == "harness" else ""


def _named(ours: str) -> Iterator[str]:
    return (room for room in map(_room, ours.split()) if room)


def _reachable(start: str, arrows: Mapping[str, set[str]]) -> set[str]:
    """Return what can be reached from a folder over one arrow or more."""
    found: set[str] = set()
    waiting = list(arrows.get(start, ()))
    while waiting:
        room = waiting.pop()
        if room not in found:
            found.add(room)
            waiting += arrows.get(room, ())
    return found
