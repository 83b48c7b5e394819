"""Verbs and wires: commands, buttons, due work, delivery, platforms and the command line."""
