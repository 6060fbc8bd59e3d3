"""What comes again: bills, subscriptions, pay; their next day and amount with their spread."""
