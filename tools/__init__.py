"""What works on the checkout itself; nothing here is part of the product."""
