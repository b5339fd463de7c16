"""What a person types: the prompt that stays, its keys and what it completes. Imports prompt_toolkit."""
