"""How much Discord takes: numbers of its documentation, and how it counts characters."""

from __future__ import annotations

# Messages.
COMPONENTS = 40  # of one message, nested ones and their container included
MESSAGE_TEXT = 4_000  # of all text displays of a message together
MENTIONED = 100  # people that `allowed_mentions` can name

# Buttons and names.
ROW = 5  # buttons of one row
BUTTON_LABEL = 80
ID = 100  # custom_id
LARGEST_NUMBER = 2**31 - 1  # of a component's own `id`

# Modals.
MODAL_TITLE = 45
MODAL_PARTS = 5  # top-level components, text displays included
LABEL = 45
DESCRIPTION = 100
PLACEHOLDER = 100  # of a text input; a select takes 150
INPUT_TEXT = 4_000
OPTIONS = 25  # of one select
FILES = 10  # of one upload
BOXES = 10  # of one group of checkboxes or radio buttons
OPTION_TEXT = 100
OPTION_VALUE = 100

# Ours.
MODAL_WORDS = 3_000  # in the text display of a modal; what is longer is said before it is opened


def length(text: str) -> int:
    """Characters as browsers count them, of which no count of Discord's is more."""
    return len(text) + sum(char > "\uffff" for char in text)
