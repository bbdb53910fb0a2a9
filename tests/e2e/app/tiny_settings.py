import os

SECRET_KEY = "tiny"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "tiny"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
if "TINY_CACHE_URL" in os.environ:
    CACHES["default"] = {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": os.environ["TINY_CACHE_URL"],
        "KEY_PREFIX": os.environ["TINY_CACHE_PREFIX"],
    }
