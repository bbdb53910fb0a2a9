# mypy: disable-error-code="var-annotated"
from django.db import models


class Product(models.Model):
    name = models.CharField(max_length=80)
    category = models.CharField(max_length=40)
    price = models.DecimalField(max_digits=7, decimal_places=2)
    description = models.TextField()

    def __str__(self) -> str:
        return f"{self.name}"


class Review(models.Model):
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="reviews")
    rating = models.PositiveSmallIntegerField()
    text = models.CharField(max_length=200)

    def __str__(self) -> str:
        return f"{self.rating}/5 {self.text}"
