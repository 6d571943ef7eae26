"""Money as signed events tell of it, and what is owed to those who lost their place."""
