"""The running platform: its services, who supervises them, and the warm process that runs commands."""
