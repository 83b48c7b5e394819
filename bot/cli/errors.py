"""What the command line says when it is given something it cannot use."""


class BadInput(Exception):
    """One line: what was given, what is wrong, what is expected. The command line prints it and exits 2."""
