import os

from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.db import connection, transaction

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "demo_app.settings")

application = get_wsgi_application()

if settings.CACHE_IN_DATABASE:
    with transaction.atomic():  # one process creates the table, the others wait and find it
        call_command("createcachetable", settings.CACHE_TABLE, verbosity=0)
    connection.close()

if settings.SHOP_WARM:
    from demo_app.shop.views import warm_up

    warm_up(settings.SHOP_WARM)
