"""From a bank line's text to a category of the product's taxonomy, with a calibrated probability."""
