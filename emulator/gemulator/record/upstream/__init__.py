"""Client of the server that answers forwarded requests."""
