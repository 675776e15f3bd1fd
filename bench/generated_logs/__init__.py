"""A company's sign-ins with planted thefts, for bench/hunts.py."""
