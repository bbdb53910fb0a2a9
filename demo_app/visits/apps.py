from django.apps import AppConfig


class VisitsConfig(AppConfig):
    name = "demo_app.visits"
