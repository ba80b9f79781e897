"""The python host and what its children do: parse a file, run a try."""
