"""The server's own tables, version by version; collections' tables need no migration."""

NEWEST = "0007"
