"""HTTP: one route table drives routing, validation, rights and the OpenAPI document."""
