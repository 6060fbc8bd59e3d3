"""The HTTP API: hands on what Postgres made, as the user whom it is for."""
