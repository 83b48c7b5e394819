"""What a platform declares that it can do for people who talk beside their room, as the platforms see it."""

from cohorts.ways import Ways as Ways
