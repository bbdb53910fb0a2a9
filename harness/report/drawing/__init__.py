"""Blocks drawn with characters: each function takes one block and a width, and returns lines."""
