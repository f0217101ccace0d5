"""The tests, by wing; what they share is in support."""
