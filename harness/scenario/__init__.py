"""Scenario files: TOML in, a frozen `Scenario` out, every problem of a file told at once."""
