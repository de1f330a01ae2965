"""A hundred thousand requests, right and wrong, to every public address of the real server. See `__main__`."""
