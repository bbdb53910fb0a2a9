"""Real servers, real load, real faults: the harness as a command, seen from outside."""
