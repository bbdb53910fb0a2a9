"""What a report is made of: blocks of data, which every format renders in its own way.

A block holds text and numbers that are already decided; it knows neither widths nor colors nor
files. A document is a sequence of sections, and a section a sequence of blocks that belong
together. A new format is one module in `harness.report.formats`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.analysis.summary import LifeSummary
from harness.text import unit_for

Tone = Literal["", "strong", "quiet", "good", "bad", "doubt", "warning"]
"""What a text means for its reader; each format decides how that looks."""


@dataclass(frozen=True, slots=True)
class Heading:
    """The title of a section, or at `level` 1 of a part of it, and what its figures mean."""

    text: str
    caption: str = ""
    tone: Tone = "strong"
    level: int = 0


@dataclass(frozen=True, slots=True)
class Prose:
    """A paragraph. `level` is how far it is indented; `verbatim` text is to be copied as it is."""

    text: str
    tone: Tone = ""
    level: int = 1
    verbatim: bool = False


@dataclass(frozen=True, slots=True)
class Alarm:
    """What makes everything below untrustworthy."""

    title: str
    reasons: Sequence[str]


@dataclass(frozen=True, slots=True)
class Table:
    """Labeled rows of cells under heads; a row without cells is a title of those that follow."""

    heads: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str]]]
    numbers: bool = False


@dataclass(frozen=True, slots=True)
class Columns:
    """One group of columns of a `SideBySide`: cells by row, None where it has no such row."""

    name: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str] | None]

    @property
    def blanks(self) -> Sequence[str]:
        return [""] * len(self.heads)


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Groups of columns that share their rows, such as backends over worker counts."""

    corner: str
    labels: Sequence[str]
    groups: Sequence[Columns]


@dataclass(frozen=True, slots=True)
class Bars:
    """One bar per row, of parts by name; rows stand in named groups.

    `meanings` holds each part that occurs, in the order of drawing, with its meaning.
    """

    meanings: Mapping[str, str]
    groups: Sequence[tuple[str, Sequence[tuple[str, Mapping[str, int]]]]]


@dataclass(frozen=True, slots=True)
class Workers:
    """Worker lives of trials: in named groups, (label, note, lives) of each trial."""

    groups: Sequence[tuple[str, Sequence[tuple[str, str, Sequence[LifeSummary]]]]]


@dataclass(frozen=True, slots=True)
class Timeline:
    """A hit rate over the trace: (step, rate in 0..1) of windows; an action at `mark`, if any."""

    label: str
    points: Sequence[tuple[int, float]]
    mark: int | None = None
    action: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostCurve:
    """Costs of a lookup in seconds: the local cache's by ascending worker count, the shared.

    `crossing`, one of `workers`, is the first with which the shared cache is cheaper.
    """

    workers: Sequence[int]
    local_s: Sequence[float]
    shared_s: float
    names: tuple[str, str] = ("LocMem", "shared")
    crossing: int | None = None

    @property
    def unit(self) -> str:
        """Return the unit in which all costs are shown."""
        return unit_for([*self.local_s, self.shared_s])

    @property
    def highest_s(self) -> float:
        return max(*self.local_s, self.shared_s)


Block = Heading | Prose | Alarm | Table | SideBySide | Bars | Workers | Timeline | CostCurve
Section = Sequence[Block]
Document = Sequence[Section]
