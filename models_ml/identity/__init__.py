"""Which lines of statements are one real event: exact by content, else by calibrated evidence."""
