from django.urls import path

from demo_app.accounts import views as accounts
from demo_app.catalog import views
from demo_app.inside import views as inside
from demo_app.jobs import views as jobs
from demo_app.limits import views as limits

urlpatterns = [
    path("", views.product_list, name="product-list"),
    path("products/<int:pk>/", views.product_detail, name="product-detail"),
    path("inside/", inside.inside, name="inside"),
    path("account/", accounts.account, name="account"),
    path("account/log-in/", accounts.log_in, name="log-in"),
    path("account/basket/", accounts.add_to_basket, name="add-to-basket"),
    path("search/<slug:client>/", limits.search, name="search"),
    path("jobs/<slug:job>/alone/", jobs.run_alone, name="run-alone"),
    path("jobs/<slug:job>/once/", jobs.run_once, name="run-once"),
]
