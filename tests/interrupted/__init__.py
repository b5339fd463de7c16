"""Programs of users that are interrupted, and a terminal to do it in."""
