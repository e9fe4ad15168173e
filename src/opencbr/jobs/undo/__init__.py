"""Undoing a restore in place: what it has written over is taken back to the snapshots of its way back."""
