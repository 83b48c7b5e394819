"""What tests stand on: a whole Caravan with a chat, people who say and press, and a clock that is moved."""
