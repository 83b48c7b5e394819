"""The local platform: a chat of our own on loopback, behind the same port as Slack and Discord."""
