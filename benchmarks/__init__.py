"""What the program costs, beside what cannot be cheaper (the floor) and what others cost (the peers), in one run."""
