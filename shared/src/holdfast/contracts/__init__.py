"""What crosses a wire: bodies, events, subjects, codes, states. Imports msgspec and nothing else."""
