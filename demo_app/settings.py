"""Settings of the shop. Everything that differs between machines comes from the environment."""

import os
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

BASE_DIR = Path(__file__).resolve().parent


def whole_number(name: str, default: int, minimum: int) -> int:
    """Return the environment variable `name` as an int; refuse what is no number or too small."""
    text = os.environ.get(name, str(default))
    if not (text.isascii() and text.isdigit() and int(text) >= minimum):
        raise ImproperlyConfigured(f"{name}={text!r}: need a whole number of {minimum} or more")
    return int(text)


# Nothing in the shop is signed, so a key that differs from process to process does no harm.
SECRET_KEY = os.environ.get("SHOP_SECRET_KEY") or get_random_secret_key()
DEBUG = os.environ.get("SHOP_DEBUG") == "1"
EXTRA_HOSTS = os.environ.get("SHOP_ALLOWED_HOSTS", "").split(",")
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", *(h.strip() for h in EXTRA_HOSTS if h.strip())]

INSTALLED_APPS = ["demo_app.catalog", "demo_app.limits"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "demo_app.urls"
WSGI_APPLICATION = "demo_app.wsgi.application"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("SHOP_DATABASE") or BASE_DIR / "shop.sqlite3",
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SHOP_PRODUCTS = whole_number("SHOP_PRODUCTS", default=1000, minimum=1)
# How long each product's manual is: kept with the page's data, shown nowhere.
SHOP_PAGE_BYTES = whole_number("SHOP_PAGE_BYTES", default=0, minimum=0)
# How many searches a client may make in an hour.
SHOP_LIMIT = whole_number("SHOP_LIMIT", default=10, minimum=1)
# How many pages a process caches before it serves.
SHOP_WARM = whole_number("SHOP_WARM", default=0, minimum=0)

# How much longer each product page takes to compute than it has to: a slowdown to be found.
SHOP_BUSY_MICROSECONDS = whole_number("SHOP_BUSY_MICROSECONDS", default=0, minimum=0)

CACHE_CHOICES: dict[str, dict[str, Any]] = {
    "locmem": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": whole_number("SHOP_CACHE_MAX_ENTRIES", default=300, minimum=1)},
    },
    "redis": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": os.environ.get("SHOP_CACHE_URL") or "redis://127.0.0.1:6379/0",
    },
    "memcached": {
        "BACKEND": "django.core.cache.backends.memcached.PyMemcacheCache",
        "LOCATION": os.environ.get("SHOP_CACHE_URL") or "127.0.0.1:11211",
    },
    "dummy": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},
}
SHOP_CACHE = os.environ.get("SHOP_CACHE", "locmem")
if SHOP_CACHE not in CACHE_CHOICES:
    raise ImproperlyConfigured(f"SHOP_CACHE={SHOP_CACHE!r}: need one of {', '.join(CACHE_CHOICES)}")

NEVER_EXPIRES = os.environ.get("SHOP_CACHE_TIMEOUT") == "none"
CACHES = {
    "default": {
        **CACHE_CHOICES[SHOP_CACHE],
        "KEY_PREFIX": os.environ.get("SHOP_CACHE_PREFIX", ""),
        "TIMEOUT": None if NEVER_EXPIRES else whole_number("SHOP_CACHE_TIMEOUT", 300, minimum=0),
    }
}

USE_TZ = True
TIME_ZONE = "UTC"

# Without DEBUG, Django sends errors by mail only; a shop without a mail server prints them.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "loggers": {"django": {"handlers": ["console"], "level": "WARNING"}},
}
