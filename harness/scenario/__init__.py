"""What is measured: TOML files and options -> valid scenarios -> the trials of a run."""
