"""Other people's services, each behind a small protocol."""
