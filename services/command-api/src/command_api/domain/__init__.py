"""The rules, pure: no I/O, no clock, no randomness. State and commands in, decisions out."""
