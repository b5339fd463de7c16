"""`miniagents chain`: the agents of a file run, seen working, checked and drawn."""
