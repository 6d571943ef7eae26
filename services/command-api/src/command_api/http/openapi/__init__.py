"""What each route takes and answers, as data: the OpenAPI document is made of it. One module per group
of resources."""
