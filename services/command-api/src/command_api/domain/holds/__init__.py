"""Sections taken for a short while: asked for, chosen, limited, changed, ended by the clock."""
