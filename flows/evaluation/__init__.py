"""How often MITA is right, measured on the generator's truth: what ``mita evaluate`` prints."""
