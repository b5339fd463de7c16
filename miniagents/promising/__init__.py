"""Values that are not there yet: streams, promises, sequences, and the scope that owns their tasks.

In, out: any Python value. Never: a message, an agent, a third-party library.
"""
