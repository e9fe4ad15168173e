"""Runs of policies, opencbr's own: what has come of the times that a policy was due."""
