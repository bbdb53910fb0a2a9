"""What the harness itself costs; run as commands, not as tests."""
