"""The job that restores a backup in place: over the disks of a server, or over one disk."""
