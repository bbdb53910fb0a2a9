from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache

MISSING = object()


class TwoLevelCache(BaseCache):
    """A LocMemCache with a short timeout in front of a Redis that all processes share.

    NEAR_TIMEOUT is for how many seconds a process may answer from its own memory, and may miss
    what others have written. MAX_ENTRIES limits that memory alone.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        options = dict(params.get("OPTIONS", {}))
        self.near_timeout: float = options.pop("NEAR_TIMEOUT", 1)
        self.near = LocMemCache("two-level", {**params, "OPTIONS": options})
        self.far = RedisCache(server, {**params, "OPTIONS": {}})

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        value = self.near.get(key, MISSING, version)
        if value is MISSING:
            value = self.far.get(key, MISSING, version)
            if value is MISSING:
                return default
            self.near.set(key, value, self.near_timeout, version)
        return value

    def set(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> None:
        self.far.set(key, value, timeout, version)
        self.near.set(key, value, self._shorter(timeout), version)

    def add(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        return bool(self.far.add(key, value, timeout, version))

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        self.near.delete(key, version)
        return bool(self.far.touch(key, timeout, version))

    def delete(self, key: Any, version: int | None = None) -> bool:
        self.near.delete(key, version)
        return bool(self.far.delete(key, version))

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        self.near.delete(key, version)
        return int(self.far.incr(key, delta, version))

    def clear(self) -> None:
        self.near.clear()
        self.far.clear()

    def _shorter(self, timeout: Any) -> float:
        chosen = self.default_timeout if timeout is DEFAULT_TIMEOUT else timeout
        return self.near_timeout if chosen is None else min(chosen, self.near_timeout)
