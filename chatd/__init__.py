"""The server: waits for one client and talks with it."""
