"""The templates of `miniagents chain new`, on the model of this machine."""

from collections.abc import Awaitable, Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from miniagents import MiniAgents, chains
from miniagents.chains import load

Run = Callable[[Awaitable[Any]], Any]
pytestmark = pytest.mark.timeout(600)  # the first test of a machine fetches the model
STARTERS = resources.files(chains) / "starters"
GIVEN: dict[str, dict[str, Any]] = {"map-reduce": {"files": "*.txt"}}
SHORT = ["defaults.model=local", "defaults.max_tokens=8"]


@pytest.mark.usefixtures("model")
@pytest.mark.parametrize("name", ["critique", "debate", "map-reduce", "review", "translate"])
def test_a_template_runs(name: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs to its end, and something comes out, however little such a small model understands of it."""
    path = tmp_path / "chain.yaml"
    path.write_bytes((STARTERS / f"{name}.yaml").read_bytes())
    for number in range(2):
        (tmp_path / f"{number}.txt").write_text("A cat sat on a mat.")
    monkeypatch.chdir(tmp_path)
    agent = load(path, sets=SHORT, inputs=GIVEN.get(name, {}))

    async def main() -> Any:
        async with MiniAgents():
            return await agent.inquire("Cats are better than dogs.")

    replies = run(main())
    assert replies[-1].metadata["agent"] in {"writer", "judge", "editor", "checker"}
    assert str(replies).strip()
