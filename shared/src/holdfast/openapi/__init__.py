"""OpenAPI 3.1 documents, made from the contract types and a table of operations."""
