"""Conformance: asking a running API, ours or anybody's, what its contract promises."""
