"""The compatible surface, one module per chapter of the contract; each exports `ROUTES`."""
