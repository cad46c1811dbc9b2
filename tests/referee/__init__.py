"""The referee's tests: right and wrong pairs of programs, and what it finds in them."""
