"""Reading text from images: one protocol, a local engine by default, Google Cloud Vision when configured."""
