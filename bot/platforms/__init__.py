"""The chat systems behind one port; nothing outside this folder knows any of them by name."""
