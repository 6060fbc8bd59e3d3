"""Findings about a person's money: facts first, words second, and no number that is not a fact."""
