"""What is kept: SQL tables, queries, migrations."""
