"""The cache backends that a trial can use: one row for each, and everything that depends on it.

Scenario keys, services, options, the doctor and the model read this table. A backend that needs a
server names its service, a module of `harness.servers`. Rules are as in Django 5.2; what they
leave open is None, and then nothing is assumed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendRules:
    """What a backend does with entries, as far as it is known.

    `clear` is whose entries `clear` removes: all in one place, whatever their prefix.
    `has_key_renews` is whether `has_key` counts as a use of the entry. `timeouts` are kept as
    given, cut to whole seconds, or until a moment that is cut to whole seconds. `culls` is which
    entries go where MAX_ENTRIES is heeded and reached, None also where it is not heeded.
    """

    clear: Literal["nothing", "process", "directory", "table", "database", "server"]
    has_key_renews: bool | None = None
    timeouts: Literal["exact", "whole seconds", "whole moment"] | None = None
    culls: Literal["least recently used", "first in key order", "at random"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendRow:
    """One backend: its name in scenarios, and its class, the dotted path of Django's or the app's.

    `app` is what the app calls it, "" for the same. `service` is the server that it needs, "" for
    none, `url` which of that service's URLs, "" for its usual one. `keeps`: it keeps entries.
    """

    name: str
    django_class: str
    per_process: bool
    rules: BackendRules
    app: str = ""
    service: str = ""
    url: str = ""
    keeps: bool = True

    @property
    def class_name(self) -> str:
        """Return the bare name of its class."""
        return self.django_class.rpartition(".")[2]


_DJANGO = "django.core.cache.backends."
_LOCMEM = BackendRules(
    clear="process", has_key_renews=False, timeouts="exact", culls="least recently used"
)
_REDIS = BackendRules(clear="database", has_key_renews=False, timeouts="whole seconds")

BACKENDS: Mapping[str, BackendRow] = {
    row.name: row
    for row in (
        BackendRow(
            name="locmem",
            django_class=f"{_DJANGO}locmem.LocMemCache",
            per_process=True,
            rules=_LOCMEM,
        ),
        BackendRow(
            name="redis",
            django_class=f"{_DJANGO}redis.RedisCache",
            per_process=False,
            rules=_REDIS,
            service="redis",
        ),
        BackendRow(
            name="redis-unix",
            django_class=f"{_DJANGO}redis.RedisCache",
            per_process=False,
            rules=_REDIS,
            app="redis",
            service="redis",
            url="unix",
        ),
        BackendRow(
            name="memcached",
            django_class=f"{_DJANGO}memcached.PyMemcacheCache",
            per_process=False,
            rules=BackendRules(clear="server", has_key_renews=True, timeouts="whole seconds"),
            service="memcached",
        ),
        BackendRow(
            name="database",
            django_class=f"{_DJANGO}db.DatabaseCache",
            per_process=False,
            rules=BackendRules(
                clear="table",
                has_key_renews=False,
                timeouts="whole moment",
                culls="first in key order",
            ),
        ),
        BackendRow(
            name="files",
            django_class=f"{_DJANGO}filebased.FileBasedCache",
            per_process=False,
            rules=BackendRules(
                clear="directory", has_key_renews=False, timeouts="exact", culls="at random"
            ),
        ),
        BackendRow(
            name="two-level",
            django_class="demo_app.two_level.TwoLevelCache",
            per_process=False,
            rules=BackendRules(clear="database", has_key_renews=True),
            service="redis",
        ),
        BackendRow(
            name="dummy",
            django_class=f"{_DJANGO}dummy.DummyCache",
            per_process=False,
            rules=BackendRules(clear="nothing"),
            keeps=False,
        ),
        # An app without CACHES, for which Django decides.
        BackendRow(
            name="unset",
            django_class=f"{_DJANGO}locmem.LocMemCache",
            per_process=True,
            rules=_LOCMEM,
        ),
    )
}
"""Every backend by its name, in the order in which help and documentation list them."""


def backend_of_class(path: str) -> BackendRow | None:
    """Return the first backend with a class of this name, None for a class unknown here.

    The modules of a dotted path are left out, since classes move.
    """
    name = path.rpartition(".")[2]
    return next((row for row in BACKENDS.values() if row.class_name == name), None)


def users_of(service: str) -> tuple[str, ...]:
    """Return the names of the backends that need a service."""
    return tuple(row.name for row in BACKENDS.values() if row.service == service)
