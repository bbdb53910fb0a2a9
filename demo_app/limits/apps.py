from django.apps import AppConfig


class LimitsConfig(AppConfig):
    name = "demo_app.limits"
