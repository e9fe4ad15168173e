"""The OpenAPI 3.1 document, made from the route table: what clients, the reference, the explorer and the tests read."""

from opencbr.api.openapi.build import document

__all__ = ["document"]
