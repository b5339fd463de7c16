"""The words of a chat: what a person says to the program, beginning with a slash, and not to the model."""
