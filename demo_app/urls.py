from django.urls import path

from demo_app.shop import views

urlpatterns = [
    path("", views.product_list, name="product-list"),
    path("products/<int:pk>/", views.product_detail, name="product-detail"),
    path("products/<int:pk>/price/", views.change_price, name="change-price"),
    path("inside/", views.inside, name="inside"),
    path("account/", views.account, name="account"),
    path("account/log-in/", views.log_in, name="log-in"),
    path("account/basket/", views.add_to_basket, name="add-to-basket"),
    path("notes/<slug:name>/", views.notes, name="notes"),
    path("search/<slug:client>/", views.search, name="search"),
    path("jobs/<slug:job>/alone/", views.run_alone, name="run-alone"),
    path("jobs/<slug:job>/once/", views.run_once, name="run-once"),
    path("reports/<int:number>/", views.report, name="report"),
    path("counters/<slug:page>/incr/", views.count_by_incr, name="count-by-incr"),
    path(
        "counters/<slug:page>/get-set/",
        views.count_by_get_and_set,
        name="count-by-get-and-set",
    ),
]
