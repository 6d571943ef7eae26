"""What could be had instead, ranked."""
