"""Banks that users let us read."""
