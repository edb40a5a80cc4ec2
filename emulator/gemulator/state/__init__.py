"""Session state and its stores."""
