"""The one-machine stack: embedded servers, both services and the demo data."""
