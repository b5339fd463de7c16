"""Words: SQLite is shown where they are."""

from miniagents.cli.chats.words import SEPARATOR, separated


def test_scripts_without_spaces() -> None:
    """Their characters are apart, those of others are not."""
    assert separated("a 東京 b") == f"a 東{SEPARATOR}京{SEPARATOR} b"
    assert separated("naïve café") == "naïve café"
