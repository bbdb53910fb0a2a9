"""What a run leaves behind: samples, lives, surroundings. The two halves meet here."""
