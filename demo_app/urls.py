from django.urls import path

from demo_app.catalog import views
from demo_app.jobs import views as jobs
from demo_app.limits import views as limits
from demo_app.reports import views as reports
from demo_app.visits import views as visits

urlpatterns = [
    path("", views.product_list, name="product-list"),
    path("products/<int:pk>/", views.product_detail, name="product-detail"),
    path("search/<slug:client>/", limits.search, name="search"),
    path("jobs/<slug:job>/alone/", jobs.run_alone, name="run-alone"),
    path("jobs/<slug:job>/once/", jobs.run_once, name="run-once"),
    path("reports/<int:number>/", reports.report, name="report"),
    path("visits/<slug:page>/incr/", visits.count_by_incr, name="count-by-incr"),
    path("visits/<slug:page>/get-set/", visits.count_by_get_and_set, name="count-by-get-and-set"),
]
