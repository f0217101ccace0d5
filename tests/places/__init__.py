"""Tests of semantik/places."""
