from django.apps import AppConfig


class LocationsConfig(AppConfig):
    name = "demo_app.locations"
