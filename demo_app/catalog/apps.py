from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "demo_app.catalog"
