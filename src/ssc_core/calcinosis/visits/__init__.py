"""Two visits: the same lesions found again, and what became of them."""
