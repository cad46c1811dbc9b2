"""Both programs as real processes, and what each does to meet the other."""
