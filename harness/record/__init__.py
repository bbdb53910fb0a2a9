"""What a run leaves behind: samples, lives, environment. The two halves meet here."""
