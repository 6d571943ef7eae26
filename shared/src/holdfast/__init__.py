"""What both Holdfast services share: contracts (what crosses a wire) and runtime (plumbing)."""
