"""What a user knows, as a question to `forecast`. Standard library only."""

from dataclasses import dataclass

MAX_WORKERS = 1_000_000
"""How far a break-even is searched, and how many workers a question may have."""
DJANGO_MAX_ENTRIES = 300
DJANGO_TIMEOUT_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CostInputs:
    """What a lookup costs: a LocMem hit, a shared hit, and the origin after a miss."""

    hit_us: float
    shared_hit_us: float
    origin_ms: float

    def locmem_us(self, hit_rate: float) -> float:
        """Return the mean cost of a lookup; a miss pays for its lookup as well."""
        return self.hit_us + (1 - hit_rate) * self.origin_ms * 1000

    def shared_us(self, hit_rate: float) -> float:
        """Return the same for the shared cache."""
        return self.shared_hit_us + (1 - hit_rate) * self.origin_ms * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a user knows; None: no timeout, no `MAX_ENTRIES`, costs unknown.

    Either `requests` in all, starting with empty caches and without a timeout, or, if None, the
    long run at `requests_per_second` in all.
    """

    workers: int = 4
    servers: int = 1
    keys: int = 300
    zipf: float = 1.0
    requests: int | None = 3000
    requests_per_second: float | None = None
    timeout_s: float | None = None
    max_entries: int | None = DJANGO_MAX_ENTRIES
    costs: CostInputs | None = None

    @property
    def caches(self) -> int:
        """Return the number of LocMem caches: the workers of all servers."""
        return self.workers * self.servers
