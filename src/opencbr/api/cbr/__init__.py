"""The compatible surface, one package per chapter of the contract; each exports `ROUTES`."""
