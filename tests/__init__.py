"""Tests of the harness; a package, so that they share their factories."""
