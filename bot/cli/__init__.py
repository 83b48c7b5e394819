"""The `caravan` command: one module per command."""
