"""The words that a user reads."""
