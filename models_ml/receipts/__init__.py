"""From the lines that an OCR engine saw on a receipt to a purchase: fields, proof, confidence."""
