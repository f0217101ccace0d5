"""Indexes in a PostgreSQL server with pgvector: psycopg and pgvector are imported when a server is asked for."""
