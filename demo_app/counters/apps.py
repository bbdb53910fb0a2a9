from django.apps import AppConfig


class CountersConfig(AppConfig):
    name = "demo_app.counters"
