"""The job that makes a backup, step by step."""
