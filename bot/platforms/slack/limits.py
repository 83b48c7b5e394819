"""How much Slack takes: numbers of its documentation, and some of ours that keep well below what it would refuse."""

from __future__ import annotations

# Blocks.
MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
HEADER = 150
ACTIONS = 25  # elements of one actions block
CONTEXT = 10  # elements of one context block

# Ours. Slack refuses to change a text into more than 4,000 characters, and blocks that are more than 13,200 as JSON.
MESSAGE_TEXT = 3_500
MESSAGE_JSON = 12_000
VIEW_TEXT = 60_000  # a view may be 250,000 as JSON
RICH_TEXT = 3_000  # as much in one block as a section takes
ACTIONS_IN_A_ROW = 5
ROWS_OF_FIVE = 10  # more buttons than this many rows hold stand as close as Slack lets them

# Buttons, choices and inputs.
BUTTON_LABEL = 75
BUTTON_VALUE = 2_000
OPTION_TEXT = 75
OPTION_VALUE = 75
OPTIONS = 100
OPTION_GROUPS = 100
FILES = 10  # of one file input
BOXES = 10  # checkboxes or radio buttons of one input
PLACEHOLDER = 150
INPUT_LABEL = 2_000
INPUT_HINT = 2_000
INPUT_TEXT = 3_000
CONTEXT_TEXT = 2_000
REMARK = 2_000

# People.
IN_A_DM = 8  # people who are written to together, the bot aside

# Views and names.
VIEW_LABEL = 24  # a view's title, submit and close
METADATA = 3_000
ID = 255  # action_id, block_id, callback_id
