"""What is kept: SQL tables and queries, migrations, sealed records and the keys that seal them."""
