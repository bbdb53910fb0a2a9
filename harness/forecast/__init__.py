"""`harness predict`: what a user knows in, hit rates and costs by worker count out."""
