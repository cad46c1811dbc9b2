"""Measurements; nothing here is collected by pytest."""
