"""The job that restores one disk of a backup as a new volume, as a plan says."""
