"""The certification document that an operator files."""
