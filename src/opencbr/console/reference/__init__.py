"""The API reference: a page an operation and a page an error code, made from the OpenAPI document."""
