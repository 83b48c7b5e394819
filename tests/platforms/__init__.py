"""Adapters, each by itself."""
