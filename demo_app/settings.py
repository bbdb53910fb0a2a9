"""Settings of the shop. What differs between machines comes from environment variables."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

BASE_DIR = Path(__file__).resolve().parent


def whole_number(name: str, default: int, minimum: int) -> int:
    """Return the environment variable `name` as an int. Raises ImproperlyConfigured."""
    text = os.environ.get(name, str(default))
    if not (text.isascii() and text.isdigit() and int(text) >= minimum):
        raise ImproperlyConfigured(f"{name}={text!r}: need a whole number of {minimum} or more")
    return int(text)


def one_of(name: str, default: str, choices: Iterable[str]) -> str:
    """Return the environment variable `name`, one of `choices`. Raises ImproperlyConfigured."""
    text = os.environ.get(name, default)
    if text not in choices:
        raise ImproperlyConfigured(f"{name}={text!r}: need one of {', '.join(choices)}")
    return text


# Sessions are signed with it, so all processes need the same one.
SECRET_KEY = os.environ.get("SHOP_SECRET_KEY") or get_random_secret_key()
DEBUG = os.environ.get("SHOP_DEBUG") == "1"
EXTRA_HOSTS = os.environ.get("SHOP_ALLOWED_HOSTS", "").split(",")
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", *(h.strip() for h in EXTRA_HOSTS if h.strip())]

INSTALLED_APPS = ["django.contrib.sessions", "demo_app.shop"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "demo_app.urls"
WSGI_APPLICATION = "demo_app.wsgi.application"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]

# A cache in the database is read for every page: its connections are worth keeping.
CACHE_IN_DATABASE = os.environ.get("SHOP_CACHE") == "database"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("SHOP_DATABASE") or BASE_DIR / "shop.sqlite3",
        # Several processes write: each waits for the lock, and takes it when it begins.
        # A demo need not survive a power failure, so no write waits for the disk.
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA synchronous = OFF",
        },
        "CONN_MAX_AGE": None if CACHE_IN_DATABASE else 0,
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SHOP_PRODUCTS = whole_number("SHOP_PRODUCTS", default=1000, minimum=1)
# Length of each product's manual: cached with the page's data, shown nowhere.
SHOP_PAGE_BYTES = whole_number("SHOP_PAGE_BYTES", default=0, minimum=0)
# How many searches a client may make in an hour.
SHOP_LIMIT = whole_number("SHOP_LIMIT", default=10, minimum=1)
# How long a job takes.
SHOP_JOB_MS = whole_number("SHOP_JOB_MS", default=100, minimum=0)
# How long the supplier of a report's data takes to respond.
SHOP_ORIGIN_MS = whole_number("SHOP_ORIGIN_MS", default=200, minimum=0)
# Whether a lock keeps all requests that miss a report from computing it concurrently.
SHOP_STAMPEDE = one_of("SHOP_STAMPEDE", "none", ("none", "lock"))
# How many pages a process caches before it serves requests.
SHOP_WARM = whole_number("SHOP_WARM", default=0, minimum=0)

# What a price change does to the cached page.
SHOP_INVALIDATE = one_of("SHOP_INVALIDATE", "update", ("update", "delete"))
# CPU time added to each product page: a slowdown for a duel to find.
SHOP_BUSY_MICROSECONDS = whole_number("SHOP_BUSY_MICROSECONDS", default=0, minimum=0)

# What a page queries: everything, or all but the costly query over all reviews.
SHOP_ORIGIN = one_of("SHOP_ORIGIN", "full", ("full", "cheap"))

# Used by LocMemCache, the database and the files; Redis and Memcached have a memory limit instead.
ENTRIES = {"MAX_ENTRIES": whole_number("SHOP_CACHE_MAX_ENTRIES", default=300, minimum=1)}
CACHE_TABLE = os.environ.get("SHOP_CACHE_TABLE") or "shop_cache"
CACHE_CHOICES: dict[str, dict[str, Any]] = {
    "locmem": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": ENTRIES,
    },
    "redis": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": os.environ.get("SHOP_CACHE_URL") or "redis://127.0.0.1:6379/0",
    },
    "memcached": {
        "BACKEND": "django.core.cache.backends.memcached.PyMemcacheCache",
        "LOCATION": os.environ.get("SHOP_CACHE_URL") or "127.0.0.1:11211",
    },
    "database": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": CACHE_TABLE,
        "OPTIONS": ENTRIES,
    },
    "files": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": os.environ.get("SHOP_CACHE_FILES") or BASE_DIR / "shop-cache",
        "OPTIONS": ENTRIES,
    },
    "two-level": {
        "BACKEND": "demo_app.two_level.TwoLevelCache",
        "LOCATION": os.environ.get("SHOP_CACHE_URL") or "redis://127.0.0.1:6379/0",
        "OPTIONS": {**ENTRIES, "NEAR_TIMEOUT": whole_number("SHOP_CACHE_NEAR_TIMEOUT", 1, 1)},
    },
    "dummy": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},
}
SHOP_CACHE = one_of("SHOP_CACHE", "locmem", [*CACHE_CHOICES, "unset"])

NEVER_EXPIRES = os.environ.get("SHOP_CACHE_TIMEOUT") == "none"
# Whether the two caches for notes have the same LOCATION or one each, if they are LocMemCache.
SHOP_LOCATIONS = one_of("SHOP_LOCATIONS", "same", ("same", "two"))


def cache_settings(location: str = "") -> dict[str, Any]:
    """Return the settings of one cache; `location` is for LocMemCache alone."""
    chosen = {
        **CACHE_CHOICES[SHOP_CACHE],
        "KEY_PREFIX": os.environ.get("SHOP_CACHE_PREFIX", ""),
        "TIMEOUT": None if NEVER_EXPIRES else whole_number("SHOP_CACHE_TIMEOUT", 300, minimum=0),
    }
    return {**chosen, "LOCATION": location} if location and SHOP_CACHE == "locmem" else chosen


if SHOP_CACHE != "unset":  # else Django's default, as in a project without CACHES
    CACHES = {
        "default": cache_settings(),
        "inbox": cache_settings("notes"),
        "outbox": cache_settings("notes" if SHOP_LOCATIONS == "same" else "other-notes"),
    }

SHOP_SESSIONS = one_of("SHOP_SESSIONS", "db", ("db", "cache", "cached_db", "signed_cookies"))
SESSION_ENGINE = f"django.contrib.sessions.backends.{SHOP_SESSIONS}"

USE_TZ = True
TIME_ZONE = "UTC"

# Without DEBUG, Django sends errors by mail only; a shop without a mail server prints them.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "loggers": {"django": {"handlers": ["console"], "level": "WARNING"}},
}
