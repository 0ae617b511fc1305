"""What is SQLite's own: connections, statements, reading, writing, indexes."""
