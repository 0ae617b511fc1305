"""What is PostgreSQL's own: pools, statements, reading, writing, indexes."""
