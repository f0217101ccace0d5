"""Embedding on many machines: the pictures of one folder are divided among workers that Ray runs."""
