"""News for clients that keep a connection open."""
