"""Durable work: the engine's port and adapter, who is alive, and how operations reach a worker."""
