"""The world outside: each service behind a small module of its own."""
