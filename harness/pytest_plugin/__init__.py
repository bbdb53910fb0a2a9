"""Tests that measure: the plugin, and the runs that it shares among tests."""
