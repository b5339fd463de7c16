"""A chain as a picture."""

from __future__ import annotations

import re
from typing import Any

import pytest

from miniagents.chains.picture import dot, mermaid, steps_of, tree
from miniagents.chains.schema import ChainFile

AGENTS = {"writer": {}, "critic": {}, "shout": {"python": "loud.agents:shout"}, "search": {"plugin": "finder"}}


def chain(*flow: Any, **more: Any) -> ChainFile:
    """Return a file with this flow, or none."""
    return ChainFile.model_validate({"version": 1, "agents": AGENTS, **({"flow": [*flow]} if flow else {}), **more})


def arrows(picture: str, arrow: str) -> set[tuple[str, str]]:
    """Return the labels of the nodes that are joined, pair by pair."""
    labels = dict(re.findall(r'^ +(n\d+)(?: \[label=|[^\w" ]+)"([^"]*)"', picture, re.MULTILINE))
    pairs = re.findall(rf"(n\d+) {arrow}(?:\|[^|]*\|)? (n\d+)", picture)
    return {(labels[source], labels[target]) for source, target in pairs}


def test_without_a_flow_the_agents_follow_each_other() -> None:
    """A file that says nothing of its flow has that of its agents, in order."""
    assert steps_of(chain()) == ["writer", "critic", "shout", "search"]
    assert tree(chain(name="four")) == (
        "four\n├── writer\n├── critic\n├── shout (loud.agents:shout)\n└── search (finder)\n"
    )


def test_the_tree_shows_every_kind_of_step() -> None:
    """What is inside a step is below it, and what a step asks or is sent is beside it."""
    file = chain(
        "writer",
        {"loop": {"do": ["critic", "writer"], "until": {"agent": "critic", "matches": "APPROVED"}, "max": 4}},
        {"parallel": [["search", "await", "shout"], {"agent": "shout", "input": ["text", "writer"]}]},
        {"if": {"matches": "(?i)error", "then": ["writer"], "else": ["critic"]}},
        {"if": {"schema": {"type": "object"}, "then": ["writer"]}},
        "clear",
        {"map": {"over": "lines", "do": ["search"]}},
    )
    assert tree(file).splitlines() == [
        "chain",
        "├── writer",
        "├── loop until critic matches APPROVED, at most 4 rounds",
        "│   ├── critic",
        "│   └── writer",
        "├── parallel",
        "│   ├── one after the other",
        "│   │   ├── search (finder)",
        "│   │   ├── await: all of it",
        "│   │   └── shout (loud.agents:shout)",
        "│   └── shout (loud.agents:shout) ← text, writer",
        "├── if it matches (?i)error",
        "│   ├── then",
        "│   │   └── writer",
        "│   └── else",
        "│       └── critic",
        "├── if it fits the schema",
        "│   └── then",
        "│       └── writer",
        "├── clear: nothing",
        "└── map over lines",
        "    └── search (finder)",
    ]


@pytest.mark.parametrize(
    ("loop", "said"),
    [
        ({"max": 1}, "loop at most 1 round"),
        ({"until": {"matches": "x" * 50}}, f"loop until its reply matches {'x' * 39}…"),
        ({"until": {"agent": "critic"}}, "loop until critic is there"),
        ({}, "loop"),
    ],
)
def test_a_loop_says_when_it_ends(loop: dict[str, Any], said: str) -> None:
    """A pattern too long for a picture is cut."""
    assert tree(chain({"loop": {"do": ["critic"], **loop}})).splitlines()[1] == f"└── {said}"


@pytest.mark.parametrize(("picture", "arrow"), [(mermaid, "-->"), (dot, "->")])
def test_a_graph_shows_how_messages_flow(picture: Any, arrow: str) -> None:
    """Branches come together, an input comes from where it is named, and what is cleared goes nowhere."""
    file = chain(
        {"parallel": ["writer", "critic"]},
        {"agent": "shout", "input": ["text", "writer", "history"]},
        "clear",
        "search",
    )
    assert arrows(picture(file), arrow) == {
        ("text", "writer"),
        ("text", "critic"),
        ("text", "shout (loud.agents:shout)"),
        ("writer", "shout (loud.agents:shout)"),
        ("history", "shout (loud.agents:shout)"),
        ("search (finder)", "reply"),
    }


def test_a_loop_goes_back_to_where_it_began() -> None:
    """The way back is drawn in another manner than the way on."""
    file = chain("writer", {"loop": {"do": ["critic"], "max": 2}}, "search")
    rounds = "loop at most 2 rounds"
    assert arrows(mermaid(file), "-.->") == {("critic", rounds)}
    assert arrows(mermaid(file), "-->") == {
        ("text", "writer"),
        ("writer", rounds),
        (rounds, "critic"),
        ("critic", "search (finder)"),
        ("search (finder)", "reply"),
    }
    assert "n3 -> n2 [style=dashed];" in dot(file)


def test_a_branch_without_else_goes_on_as_it_is() -> None:
    """The messages pass where the question is answered with no."""
    file = chain({"if": {"matches": "x", "then": ["critic"]}}, "await", {"map": {"over": "json", "do": ["writer"]}})
    assert arrows(mermaid(file), "-->") == {
        ("text", "matches x?"),
        ("matches x?", "critic"),
        ("critic", "await"),
        ("matches x?", "await"),
        ("await", "each of the json"),
        ("each of the json", "writer"),
        ("writer", "reply"),
    }
    assert 'n1 -->|"else"| n3' in mermaid(file)


def test_what_a_map_is_sent() -> None:
    """It may be something else than the reply of the step before."""
    file = chain("critic", {"map": {"input": "inputs.files", "over": "messages", "do": ["writer"]}})
    assert "└── map over messages of inputs.files" in tree(file).splitlines()
    assert {("inputs.files", "each of the messages"), ("each of the messages", "writer")} < arrows(mermaid(file), "-->")
    assert ("critic", "each of the messages") not in arrows(mermaid(file), "-->")


def test_the_reply_comes_from_the_agent_that_is_named() -> None:
    """`output.from` says whose last reply it is."""
    assert ("writer", "reply") in arrows(mermaid(chain("writer", "critic", output={"from": "writer"})), "-->")


def test_nothing_in_a_name_or_a_pattern_breaks_a_picture() -> None:
    """Quotes, markup, control characters and line ends are told, and never heeded."""
    file = chain({"if": {"matches": '"];\nx<b>#\\\x1b[2J', "then": ["writer"]}}, name='a"b\n\x1b]')
    for picture in (tree, mermaid, dot):
        assert not re.search(r"[\x00-\x09\x0b-\x1f]", picture(file))
    assert "matches #34;]#59; x#60;b#62;#35;#92;␛[2J?" in mermaid(file)
    assert dot(file).startswith('digraph "a\\"b ␛]" {\n')
    assert 'label="matches \\"]; x<b>#\\\\␛[2J?"' in dot(file)
    assert tree(file).startswith('a"b ␛]\n')
