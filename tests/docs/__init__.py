"""The documentation: pages made from the code's tables, and commands that are run."""
