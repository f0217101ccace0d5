"""Noticing that folders change while the program is open."""
