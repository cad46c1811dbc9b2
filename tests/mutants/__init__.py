"""Wrong versions of the code, each of which some test must notice.

Every file that is named after a module of the product lists the mistakes that can be made
in it; `mutant` puts one into the code, and `__main__` tries them all.
"""
