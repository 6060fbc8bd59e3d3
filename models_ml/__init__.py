"""What is learned from transactions: pure training and scoring, with no database and no flow."""
