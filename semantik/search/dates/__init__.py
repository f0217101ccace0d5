"""Dates in figures and in plain words, in all languages of the catalogues: which days they mean."""
