import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "demo_app.settings")

application = get_wsgi_application()

if settings.SHOP_WARM:
    from demo_app.shop.products import warm_up

    warm_up(settings.SHOP_WARM)
