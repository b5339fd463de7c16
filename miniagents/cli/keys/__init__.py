"""The keys of the person: where they are, and how one comes into their file; see `cli/config/key.py`."""
