"""Folders of chats, made as the program makes them."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from miniagents.ext.transcript import append
from miniagents.ext.transcript_title import retitle
from miniagents.messages import Message

Chats = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return where the chats are to be."""
    return tmp_path / "chats"


@pytest.fixture
def chat(folder: Path) -> Chats:
    """Return what makes a chat, of what is said in turn, and written at this second."""

    def made(name: str, *texts: str, title: str = "", at_s: float = 0) -> Path:
        path = folder / f"{name}.md"
        roles = ["user", "assistant"] * len(texts)
        for text, role in zip(texts, roles, strict=False):
            model = {"model": "sim"} if role == "assistant" else {}
            append(path, Message(text=text, role=role, metadata=model))
        if title:
            retitle(path, title)
        if at_s:
            os.utime(path, (at_s, at_s))
        return path

    return made
