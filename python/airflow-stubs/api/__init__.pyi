# Written by scripts/stubs.py from the package's own tables.
