"""What every test may use without importing it."""
