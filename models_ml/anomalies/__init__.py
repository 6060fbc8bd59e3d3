"""What is odd in a person's money, how sure that is, and whether it is worth a word."""
