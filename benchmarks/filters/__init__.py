"""`python -m benchmarks.filters`: what queries cost, by how many documents there are."""
