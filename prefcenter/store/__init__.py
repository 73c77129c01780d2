"""The database: models and queries, one module per aggregate."""
