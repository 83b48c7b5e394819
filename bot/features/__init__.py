"""One file a feature, with the same name as its rules in `cohorts` and its words in `templates`."""
