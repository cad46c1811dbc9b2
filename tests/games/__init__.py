"""The rules of the games, and the table where they are played."""
