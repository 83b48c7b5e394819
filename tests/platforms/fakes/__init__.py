"""Servers of our own that speak the platforms' real protocols, as strictly as the real ones."""
