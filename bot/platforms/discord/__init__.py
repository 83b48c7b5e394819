"""Discord: what happens there comes in over the gateway, what Caravan says goes out through the REST API."""
