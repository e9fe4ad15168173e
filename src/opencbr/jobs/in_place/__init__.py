"""Disks that are written over where they are: their server shut off and locked for that time, and given back as it was."""
