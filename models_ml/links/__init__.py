"""Which lines are two ends of one transfer, which money came back, and for what."""
