"""Turns TM Forum Open API contracts into a running, persistent, conformant API."""
