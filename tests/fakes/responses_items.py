"""The items of an answer of OpenAI's responses: reasoning, a message, calls; whole, and as events.

What came of reasoning is tied to it: by its id the API knows it again, and takes it back only with the reasoning. The
events' numbers are left open, for only the whole stream knows them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.fakes.encoding import PLACEHOLDER, Json, fill, to_json
from tests.fakes.sealing import seal

if TYPE_CHECKING:
    from tests.fakes.replies import Answer, ToolUse

NUMBER = "\0number\0"  # nothing else is called like this
TIE = "_of_"  # in an id, before the id of the reasoning that it came of


def event(data: Json) -> bytes:
    """One event of a stream, under the name of its type."""
    return b"event: %b\ndata: %b\n\n" % (str(data.get("type", "message")).encode(), to_json(data))


def said(kind: str, **fields: Any) -> bytes:
    """One event whose number is open."""
    return event({"type": kind, "sequence_number": NUMBER, **fields})


@dataclass(frozen=True, slots=True)
class Item:
    """An item of the output.

    Attributes:
        begun: How it is first told.
        whole: How it is in the end.
        part: The kind of its part (`content_part`, `reasoning_summary_part`), if it has parts.
        text: The kind of what its pieces make up (`output_text`, `function_call_arguments`), and the name of it.
        pieces: What it is streamed in.
        place: What tells where in the item the pieces belong.
    """

    begun: Json
    whole: Json
    part: str = ""
    text: tuple[str, str] = ("", "")
    pieces: tuple[str, ...] = ()
    place: tuple[tuple[str, int], ...] = ()

    def _at(self, index: int) -> Json:
        return {"item_id": self.whole["id"], "output_index": index, **dict(self.place)}

    def _parts(self) -> tuple[Json, Json]:
        """The part as it begins and as it is in the end."""
        (done,) = self.whole["summary" if self.whole["type"] == "reasoning" else "content"]
        return {**done, self.text[1]: ""}, done

    def opened(self, index: int) -> list[bytes]:
        """The events before the first piece."""
        added = said("response.output_item.added", output_index=index, item=self.begun)
        if not self.part:
            return [added]
        return [added, said(f"response.{self.part}.added", **self._at(index), part=self._parts()[0])]

    def streamed(self, index: int) -> list[bytes]:
        """One event for each piece."""
        more: Json = {"logprobs": []} if self.text[0] == "output_text" else {}
        return fill(said(f"response.{self.text[0]}.delta", **self._at(index), delta=PLACEHOLDER, **more), self.pieces)

    def closed(self, index: int) -> list[bytes]:
        """The events after the last piece."""
        kind, name = self.text
        more: Json = {"logprobs": []} if kind == "output_text" else {}
        done = [said("response.output_item.done", output_index=index, item=self.whole)]
        if self.part:
            done.insert(0, said(f"response.{self.part}.done", **self._at(index), part=self._parts()[1]))
        if kind:
            done.insert(0, said(f"response.{kind}.done", **self._at(index), **{name: "".join(self.pieces)}, **more))
        return done


def items_of(answer: Answer) -> list[Item]:
    """The items of an answer."""
    items: list[Item] = []
    if answer.thinking:
        items.append(_reasoning(f"rs_{answer.number}", answer.thinking, answer.thought))
    if answer.redacted_thinking:
        items.append(_reasoning(f"rs_{answer.number}r", (), f"what no one may read in {answer.number}"))
    tie = f"{TIE}{items[-1].whole['id']}" if items else ""
    items += [_own({**item, "id": f"{item['id']}{tie}"}) for item in answer.own_items]
    if answer.speaks:
        items.append(_message(answer, tie))
    return [*items, *(_call(call, f"{answer.number}_{at}", tie) for at, call in enumerate(answer.tool_calls))]


def _own(item: Json) -> Item:
    return Item({**item, "status": "in_progress"}, item)


def _reasoning(item_id: str, pieces: tuple[str, ...], thought: str) -> Item:
    sealed = seal(thought)
    item: Json = {"id": item_id, "type": "reasoning", "summary": []}
    begun = {**item, "encrypted_content": sealed[: len(sealed) // 2]}
    whole = {**item, "encrypted_content": sealed}
    if not pieces:
        return Item(begun, whole)
    whole["summary"] = [{"type": "summary_text", "text": "".join(pieces)}]
    kind, place = ("reasoning_summary_text", "text"), (("summary_index", 0),)
    return Item(begun, whole, "reasoning_summary_part", kind, pieces, place)


def _message(answer: Answer, tie: str) -> Item:
    text = "".join(answer.tokens)
    status = "incomplete" if answer.finish_reason in ("length", "content_filter") else "completed"
    item: Json = {"id": f"msg_{answer.number}{tie}", "type": "message", "role": "assistant"}
    begun = {**item, "status": "in_progress", "content": []}
    part: Json
    if answer.refusal:
        kind, part = ("refusal", "refusal"), {"type": "refusal", "refusal": text}
    else:
        kind, part = ("output_text", "text"), {"type": "output_text", "annotations": [], "logprobs": [], "text": text}
    whole = {**item, "status": status, "content": [part]}
    return Item(begun, whole, "content_part", kind, answer.tokens, (("content_index", 0),))


def _call(call: ToolUse, number: str, tie: str) -> Item:
    call_id = call.id or f"call_{number}"
    item = {"id": f"fc_{number}{tie}", "type": "function_call", "call_id": call_id, "name": call.name}
    begun = {**item, "status": "in_progress", "arguments": ""}
    whole = {**item, "status": "completed", "arguments": call.json}
    return Item(begun, whole, text=("function_call_arguments", "arguments"), pieces=call.pieces)
