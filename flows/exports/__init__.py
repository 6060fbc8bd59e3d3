"""What leaves the platform: transactions for spreadsheets and other programs, everything for its owner."""
