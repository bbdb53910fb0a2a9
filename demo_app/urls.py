from django.urls import path

from demo_app.catalog import views
from demo_app.limits import views as limits

urlpatterns = [
    path("", views.product_list, name="product-list"),
    path("products/<int:pk>/", views.product_detail, name="product-detail"),
    path("search/<slug:client>/", limits.search, name="search"),
]
