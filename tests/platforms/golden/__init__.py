"""What each platform is sent for every template and some forms, as files: `python -m tests.platforms.golden` writes."""
