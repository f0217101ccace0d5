"""Fetching model files: resumable, checked against their hashes."""
