"""The nouns and rules of a cohort: tables, state changes and pure algorithms, without chat or clock."""
