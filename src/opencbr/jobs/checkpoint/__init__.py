"""The backups of a checkpoint, restored together as new servers and volumes."""
