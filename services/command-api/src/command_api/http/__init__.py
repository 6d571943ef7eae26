"""HTTP at the rim: decode, ask the writer or the store, encode. One module per resource."""
