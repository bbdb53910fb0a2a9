"""The bundled shop, Locust files and scenarios: where they are, and the shop's environment.

A checkout has them at its top level, for people to find and edit. The wheel has them in
`harness/_bundled`, so that it adds no other top-level name to site-packages.
"""

from pathlib import Path

NAMES = ("demo_app", "locustfiles", "scenarios")

SHOP_ENV = {
    "DJANGO_SETTINGS_MODULE": "demo_app.settings",
    "SHOP_DATABASE": "{scratch}/shop.sqlite3",
    "SHOP_SECRET_KEY": "{secret}",
    "SHOP_CACHE": "{backend}",
    "SHOP_CACHE_URL": "{cache_url}",
    "SHOP_CACHE_FILES": "{scratch}/{cache_prefix}",
    "SHOP_CACHE_TABLE": "{cache_prefix}",
    "SHOP_CACHE_PREFIX": "{cache_prefix}",
    "SHOP_CACHE_TIMEOUT": "{timeout}",
    "SHOP_CACHE_MAX_ENTRIES": "{max_entries}",
    "SHOP_PRODUCTS": "{keys}",
}
"""The settings of the shop, as templates with the placeholders of `app.env`."""

_PACKAGE = Path(__file__).resolve().parents[1]


def bundled(name: str, package: Path = _PACKAGE) -> Path:
    """Return the directory of this name; its parent is what an import of `demo_app` needs.

    `package` is where the harness is installed. Raises FileNotFoundError if neither place has the
    directory: the installation is damaged.
    """
    if name not in NAMES:
        raise ValueError(f"{name!r} is not bundled; bundled are {', '.join(NAMES)}")
    for parent in (package / "_bundled", package.parent):
        if (parent / name).is_dir():
            return parent / name
    raise FileNotFoundError(f"{name} is missing from the installed harness")
