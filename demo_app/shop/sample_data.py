"""Invented products and reviews, the same ones every time."""

from collections.abc import Iterator
from decimal import Decimal
from random import Random

from demo_app.shop.models import Product, Review

REVIEWS = 40_000
STARS = (1, 2, 3, 4, 5)

STYLES = (
    "Blue", "Copper", "Folding", "Foxglove", "Grandma's", "Harbor", "Linen", "Little", "Mossy",
    "Oak", "Old Town", "Pocket", "Quiet", "Rainy Day", "Rustic", "Smoked", "Sunday", "Tall",
    "Travel", "Woollen",
)  # fmt: skip
GOODS = {
    "Kitchen": ("Teapot", "Bread Board", "Egg Cup", "Kettle", "Pepper Mill", "Rolling Pin"),
    "Garden": ("Bird Feeder", "Flower Pot", "Seed Tin", "Trowel", "Twine", "Watering Can"),
    "Desk": ("Fountain Pen", "Lamp", "Letter Opener", "Notebook", "Paperweight", "Pencil Case"),
    "Home": ("Blanket", "Candle", "Coat Hook", "Cushion", "Door Mat", "Picture Frame"),
    "Outdoors": ("Camp Stove", "Compass", "Flask", "Hammock", "Lantern", "Picnic Basket"),
}
TOUCHES = ("made in small batches", "finished by hand", "tested by our cat", "loved by families")
CARE = (
    "Wipe clean.",
    "Lasts for years.",
    "Better with age.",
    "Keep it dry.",
    "Repaired free.",
)
OPINIONS = {
    1: ("Broke within a week.", "Not what the picture shows.", "Sent it back."),
    2: ("Smaller than I thought.", "Expected more for the price.", "It wobbles."),
    3: ("Does what it should.", "Fine, nothing more.", "Good, but slow to arrive."),
    4: ("Very pleased with it.", "Well made, nice to hold.", "Would buy again."),
    5: ("I love it!", "The best I have ever had.", "Bought three more as presents."),
}


def sample_products(count: int) -> Iterator[Product]:
    """Yield `count` products with the ids 1 to `count`."""
    random = Random(1)
    for number in range(1, count + 1):
        category = random.choice(list(GOODS))
        name = f"{random.choice(STYLES)} {random.choice(GOODS[category])}"
        yield Product(
            pk=number,
            name=f"{name} No. {number}",
            category=category,
            price=Decimal(random.randrange(195, 9_995, 10)) / 100,
            description=f"{name}, {random.choice(TOUCHES)}. {random.choice(CARE)}",
        )


def sample_reviews(products: int) -> Iterator[Review]:
    """Yield the reviews of N products, in no order; some products are liked better."""
    random = Random(2)
    weights = [_rating_weights(random) for _ in range(products)]
    for number in range(1, REVIEWS + 1):
        product = random.randrange(products)
        rating = random.choices(STARS, cum_weights=weights[product])[0]
        yield Review(
            pk=number,
            product_id=product + 1,
            rating=rating,
            text=random.choice(OPINIONS[rating]),
        )


def _rating_weights(random: Random) -> list[float]:
    """Return cumulative weights of 1 to 5 stars for a product of random quality."""
    quality = random.uniform(0.8, 1.8)
    weights = [quality**stars for stars in range(5)]
    return [sum(weights[: stars + 1]) for stars in range(5)]
