"""The client: finds the server and talks with it."""
