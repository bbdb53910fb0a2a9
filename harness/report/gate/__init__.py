"""What a gate found, in the forms that a terminal and a pipeline take. Formats, never judges."""
