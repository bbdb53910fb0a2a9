from django.apps import AppConfig


class InsideConfig(AppConfig):
    name = "demo_app.inside"
