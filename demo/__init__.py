"""A small telephone company to try the server with: `make demo`."""
