"""What the Responses API alone says of texts and calls, kept so that it can be told again."""

from typing import Any

import pytest

from miniagents.content import Text, ToolCall
from tests.ext.llm.test_responses_events import ended, heard, said, taken, token

USAGE = {"input_tokens": 9, "output_tokens": 1, "input_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 3}}


def message(text: str, **more: Any) -> dict[str, Any]:
    """Return a message as an item."""
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {"type": "message", "id": "msg_1", "role": "assistant", "content": content, **more}


def spoken(item: dict[str, Any]) -> list[bytes]:
    """Return the events of a message."""
    [part] = item["content"]
    return [
        said("response.output_item.added", item={**item, "content": []}),
        token(part["text"]),
        said("response.content_part.done", part=part),
        said("response.output_item.done", item=item),
    ]


def test_what_a_message_is_for() -> None:
    """A model that tells its comments from its answer says which is which, streamed or not; others say nothing."""
    items = [message("hm", phase="commentary"), message("so", phase="final_answer"), message("on")]
    found = heard(*(event for item in items for event in spoken(item)), ended(output=items))
    comment = Text("hm", extra={"responses": {"phase": "commentary"}})
    answer = Text("so", extra={"responses": {"phase": "final_answer"}})
    assert found.pieces == ["hm", comment, "so", answer, "on"]
    assert taken({"id": "x", "model": "m", "output": items})[0] == found.pieces


def test_what_else_is_said_of_a_call() -> None:
    """Its namespace and who made it are kept: its result has to name them. Ids and what only the API says are not."""
    own = {"namespace": "crm", "caller": {"type": "program", "caller_id": "prog_1"}}
    known = {"type": "function_call", "id": "fc_1", "call_id": "a", "name": "look", "arguments": "{}"}
    item = {**known, "status": "completed", "created_by": "me", "async": None, **own}
    [found] = heard(said("response.output_item.done", item=item)).pieces
    assert isinstance(found, ToolCall)
    assert (found.id, found.extra) == ("a", {"responses": own})


def test_what_is_written_to_the_cache() -> None:
    """It costs more than other tokens, so it is counted by itself."""
    assert heard(ended(usage=USAGE)).answer.usage == {"in": 9, "out": 1, "cached": 2, "cache_written": 3}


@pytest.mark.parametrize(
    "kind",
    [
        "custom_tool_call_input.delta",
        "mcp_call_arguments.done",
        "code_interpreter_call_code.delta",
        "shell_call_command.added",
        "shell_call_output_content.delta",
        "image_generation_call.partial_image",
    ],
)
def test_what_comes_again_with_its_item(kind: str) -> None:
    """What the API's own tools write comes whole at the end, and its pieces are no news for the metadata."""
    assert heard(said(f"response.{kind}", delta="x", command="ls"), ended()).answer.more == {}
