"""Pretend people, for rehearsals and the demo: who they are, what they make of what they see, what they answer."""
