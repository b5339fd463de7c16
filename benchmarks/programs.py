"""The peers of the whole program: what they are called with for the same, and what they need around them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Program", "programs"]


@dataclass(frozen=True, slots=True)
class Program:
    """A program that chats."""

    chat: Sequence[str]
    prompt: str
    """What is on the terminal when its first prompt is."""
    one_shot: Sequence[str]
    env: Mapping[str, str]
    """In which it asks the provider of the tests."""
    completion: Sequence[str] = ()
    completion_env: Mapping[str, str] = field(default_factory=dict)
    """In which it completes a command line of bash, and does nothing else; empty where it cannot."""


def programs(paths: Mapping[str, str | None], url: str, folder: Path) -> dict[str, Program]:
    """Return the peers that have a path; `url` is the provider's, `folder` for what they keep."""
    found = {}
    if llm := paths.get("llm"):
        (folder / "llm").mkdir(exist_ok=True)
        (folder / "llm" / "extra-openai-models.yaml").write_text(
            f"- model_id: loopback\n  model_name: gpt-4o-mini\n  api_base: {url}\n"
        )
        found["llm"] = Program(
            [llm, "chat", "-m", "loopback"],
            "\n> ",
            [llm, "-m", "loopback", "hi"],
            {"LLM_USER_PATH": str(folder / "llm")},
            [llm],
            {"_LLM_COMPLETE": "bash_complete", "COMP_WORDS": "llm prompt --mo", "COMP_CWORD": "2"},
        )
    if sgpt := paths.get("shell-gpt"):
        found["shell-gpt"] = Program(
            [sgpt, "--repl", "temp"],
            ">>> ",
            [sgpt, "--no-cache", "--no-md", "hi"],
            env={"API_BASE_URL": url, "DEFAULT_MODEL": "gpt-4o-mini", "OPENAI_API_KEY": "sk-loopback"},
        )
    return found
