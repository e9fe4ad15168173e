"""Keys: the master key and the signing key in files, project keys wrapped in the database, and what they do."""
