"""What a definition says, made ready: sections, nights, prices, parties, the plan."""
