"""The command line: arguments -> calls -> rendering -> exit code."""
