from django.urls import path

from demo_app.shop import accounts, inside, products, reports, shared_state

urlpatterns = [
    path("", products.product_list, name="product-list"),
    path("products/<int:pk>/", products.product_detail, name="product-detail"),
    path("products/<int:pk>/price/", products.change_price, name="change-price"),
    path("inside/", inside.inside, name="inside"),
    path("account/", accounts.account, name="account"),
    path("account/log-in/", accounts.log_in, name="log-in"),
    path("account/basket/", accounts.add_to_basket, name="add-to-basket"),
    path("notes/<slug:name>/", shared_state.notes, name="notes"),
    path("search/<slug:client>/", shared_state.search, name="search"),
    path("jobs/<slug:job>/alone/", shared_state.run_alone, name="run-alone"),
    path("jobs/<slug:job>/once/", shared_state.run_once, name="run-once"),
    path("reports/<int:number>/", reports.report, name="report"),
    path("counters/<slug:page>/incr/", shared_state.count_by_incr, name="count-by-incr"),
    path(
        "counters/<slug:page>/get-set/",
        shared_state.count_by_get_and_set,
        name="count-by-get-and-set",
    ),
]
