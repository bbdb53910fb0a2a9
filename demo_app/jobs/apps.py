from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "demo_app.jobs"
