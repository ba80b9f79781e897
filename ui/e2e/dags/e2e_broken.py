"""A file that cannot be imported."""

def broken(:
    pass
