"""Conversations that last: which there are, what is in them, and how one goes on.

`conversation` is the one that goes on now; `resume` and `titles` say which one is meant; `index`, `summary` and
`search` find (`words` says what a word is); `export` and `page` write copies; `command` is `miniagents chats`. The
files are the truth, always.
"""
