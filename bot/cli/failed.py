"""What the command line says when what it was asked for could not be done."""


class Failed(Exception):
    """One line: what did not work, and what may help. The command line prints it and exits 1."""
