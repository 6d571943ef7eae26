"""The outcome of a command while it is being decided: claims change, events come out."""
