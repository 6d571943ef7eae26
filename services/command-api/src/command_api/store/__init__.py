"""The only SQL: append, load, reads, migrations."""
