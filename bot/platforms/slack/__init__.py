"""Slack: what happens there comes in through Bolt, what Caravan says goes out through the Web API."""
