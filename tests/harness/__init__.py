"""The harness tests itself."""
