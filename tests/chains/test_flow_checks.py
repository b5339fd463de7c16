"""What is wrong with a flow."""

from pathlib import Path

import pytest

from miniagents.chains.flow_checks import agents_in
from miniagents.chains.schema import ChainFile
from tests.chains.written import SMALL, faults

RIGHT = [
    "[writer, await, clear, critic]",
    "[user, writer]",
    "[writer, user, {agent: writer, input: [user, writer]}]",
    "[{loop: {do: [{agent: writer, input: user}, user]}}]",
    "[writer, {agent: critic, input: writer}]",
    "[{agent: writer, input: [text, history, inputs.topic]}]",
    "[{loop: {do: [user, writer]}}]",
    "[{loop: {do: [writer, [user]]}}]",
    "[{loop: {do: [{agent: writer, input: [text, critic]}, critic], until: {matches: OK}}}]",
    "[{loop: {do: [writer, {if: {matches: x, then: [critic]}}], until: {agent: critic, schema: {}}, max: 3}}]",
    "[{parallel: [writer, [critic, await]]}, {agent: critic, input: writer}]",
    "[{map: {over: lines, do: [writer], input: inputs.topic}}]",
    "[{if: {matches: x, then: [], else: [writer]}}]",
]


@pytest.mark.parametrize("flow", RIGHT)
def test_what_is_right_passes(tmp_path: Path, flow: str) -> None:
    """A loop may look at the round before; a person may be in a loop without an end."""
    assert faults(tmp_path, f"{SMALL}inputs: {{topic: {{}}}}\nflow: {flow}\n") == []


@pytest.mark.parametrize(
    ("flow", "lines"),
    [
        ("[wrter]", ["there is no agent wrter; did you mean writer?"]),
        ("[{agent: writer, input: user}, user]", ["user has said nothing before this step"]),
        ("[usr]", ["there is no agent usr; did you mean user?"]),
        ("[{agent: wrter}]", ["there is no agent wrter; did you mean writer?"]),
        ("[{agent: await}]", ["`await` takes no input; write `- await`"]),
        ("[[[wrter]]]", ["there is no agent wrter"]),
        ("[{parallel: [writer, user]}]", ["`user` cannot stand in `parallel` or `map`"]),
        ("[{map: {over: lines, do: [{if: {matches: x, then: [user]}}]}}]", ["`user` cannot stand in `parallel` or `m"]),
        ("[{agent: writer, input: critik}]", ["critik is nothing that a step can be sent; did you mean critic?"]),
        ("[{agent: writer, input: [text, txt]}]", ["txt is nothing that a step can be sent; did you mean text?"]),
        ("[{agent: writer, input: topic}]", ["topic is nothing that a step can be sent; did you mean inputs.topic?"]),
        ("[{agent: writer, input: inputs.topc}]", ["there is no input topc; did you mean topic?"]),
        ("[{map: {over: lines, do: [writer], input: inputs.x}}]", ["there is no input x; there is topic"]),
        ("[{agent: writer, input: critic}, critic]", ["critic has said nothing before this step; put it after a step"]),
        ("[{agent: writer, input: writer}]", ["writer has said nothing before this step"]),
        ("[{parallel: [{agent: writer, input: critic}, critic]}]", ["critic has said nothing before this step"]),
        ("[{loop: {do: [writer]}}]", ["this loop never ends; add `max: 3`, or `until`, or a step `user`"]),
        ("[{loop: {do: [await], until: {matches: x}}}]", ["no agent is in this loop whose reply could end it"]),
        ("[{loop: {do: [writer], until: {agent: critic, matches: x}}}]", ["no agent critic is in this loop; there is"]),
        ("[{loop: {do: [writer], until: {agent: writer}}}]", ["nothing is asked of the text here; add `matches: …`"]),
        ("[{if: {then: [writer]}}]", ["nothing is asked of the text here; add `matches: …` or `schema: …`"]),
        ("[{if: {matches: x, schema: {}, then: [writer]}}]", ["it says `matches` and `schema`; leave one of them out"]),
        ("[{if: {matches: '(', then: [writer]}}]", ["it is no regular expression (missing ), unterminated subpattern"]),
        ("[{if: {schema: {type: foo}, then: [writer]}}]", ["the schema is wrong at $.type"]),
        ("[{if: {matches: x, then: [a], else: [b]}}]", ["there is no agent a", "there is no agent b"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_found_at_every_depth(tmp_path: Path, flow: str, lines: list[str]) -> None:
    """Names, inputs, ends of loops, conditions: each with its cure."""
    found = faults(tmp_path, f"{SMALL}inputs: {{topic: {{}}}}\nflow: {flow}\n")
    assert len(found) == len(lines), found
    for line, part in zip(found, lines, strict=True):
        assert line.startswith("6:")
        assert part in line


def test_who_the_output_is_from_must_be_in_the_flow(tmp_path: Path) -> None:
    """An agent that is not in the flow says nothing that could come out."""
    (found,) = faults(tmp_path, f"{SMALL}flow: [writer]\noutput: {{from: critic}}\n")
    assert found == "6:16: no agent critic is in the flow; there is writer"
    assert faults(tmp_path, f"{SMALL}output: {{from: critic}}\n") == []


def test_the_agents_of_a_flow_are_found_at_every_depth() -> None:
    """Each is named once, in the order of the file."""
    steps = ["b", {"parallel": ["a", ["c", "await"]]}, {"loop": {"do": ["user", {"agent": "d"}], "max": 1}}]
    steps += [{"if": {"matches": "x", "then": ["e"], "else": ["a"]}}, {"map": {"over": "lines", "do": ["f"]}}]
    file = ChainFile.model_validate({"version": 1, "agents": {"a": {}}, "flow": steps})
    assert file.flow is not None
    assert agents_in(file.flow) == ["b", "a", "c", "d", "e", "f"]
