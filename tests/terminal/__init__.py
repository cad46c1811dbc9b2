"""Both terminals and what they are made of."""
