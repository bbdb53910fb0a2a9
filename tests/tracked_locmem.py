"""A `LocMem` that also knows what has become of a key, to check the replay against."""

from harness.model.locmem import LocMem, State


class TrackedLocMem(LocMem):
    """Keeps the deadline of the last write of each key, also after it was evicted."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self.written: dict[int, float] = {}

    def state(self, key: int, now: float) -> State:
        """Return what a read of `key` would find, without reading it."""
        deadline = self.written.get(key)
        if deadline is None:
            return State.ABSENT
        if deadline <= now:
            return State.EXPIRED
        return State.HELD if key in self._deadlines else State.EVICTED

    def set(self, key: int, now: float, ttl_s: float) -> list[int]:
        culled = super().set(key, now, ttl_s)
        self.written[key] = self._deadlines[key]
        return culled

    def touch(self, key: int, now: float, ttl_s: float) -> bool:
        found = super().touch(key, now, ttl_s)
        if found:
            self.written[key] = self._deadlines[key]
        return found

    def delete(self, key: int) -> bool:
        self.written.pop(key, None)
        return super().delete(key)
