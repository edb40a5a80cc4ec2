"""Real traffic: forwarding, recordings and comparison with them."""
