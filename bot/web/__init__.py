"""What Caravan serves over HTTP beside the platforms."""
