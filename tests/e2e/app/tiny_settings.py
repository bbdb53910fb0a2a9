SECRET_KEY = "tiny"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "tiny"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
