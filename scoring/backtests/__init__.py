"""Is scoring worth it for us? Pure functions on what contacts scored on a day and whether they converted after it."""
