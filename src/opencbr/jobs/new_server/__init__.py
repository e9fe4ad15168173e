"""The job that restores a server's backup as a new server, as a plan says."""
