from django.urls import path

from demo_app.accounts import views as accounts
from demo_app.catalog import views
from demo_app.counters import views as counters
from demo_app.inside import views as inside
from demo_app.jobs import views as jobs
from demo_app.limits import views as limits
from demo_app.locations import views as locations
from demo_app.reports import views as reports

urlpatterns = [
    path("", views.product_list, name="product-list"),
    path("products/<int:pk>/", views.product_detail, name="product-detail"),
    path("products/<int:pk>/price/", views.change_price, name="change-price"),
    path("inside/", inside.inside, name="inside"),
    path("account/", accounts.account, name="account"),
    path("account/log-in/", accounts.log_in, name="log-in"),
    path("account/basket/", accounts.add_to_basket, name="add-to-basket"),
    path("notes/<slug:name>/", locations.notes, name="notes"),
    path("search/<slug:client>/", limits.search, name="search"),
    path("jobs/<slug:job>/alone/", jobs.run_alone, name="run-alone"),
    path("jobs/<slug:job>/once/", jobs.run_once, name="run-once"),
    path("reports/<int:number>/", reports.report, name="report"),
    path("counters/<slug:page>/incr/", counters.count_by_incr, name="count-by-incr"),
    path(
        "counters/<slug:page>/get-set/", counters.count_by_get_and_set, name="count-by-get-and-set"
    ),
]
