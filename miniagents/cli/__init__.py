"""The command line: the only room that knows Typer, Rich and prompt_toolkit."""
