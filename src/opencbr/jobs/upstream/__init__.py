"""What jobs make in the cloud: written in the ledger first, polled, removed, and looked for when lost."""
