"""What a person sees in a terminal: rows, and how they are painted, kept apart from what they say."""
