"""Words that go back in the conversation: `/history`, `/retry`, `/edit`, `/undo`, `/branch`. Nothing said is ever lost.

In: a session, the number of a question. Out: a conversation that goes on from an earlier place. Never: a file.
"""

from typing import TYPE_CHECKING

from ...errors import UsageError
from ...safe_text import one_line
from .word import Word, number_in

if TYPE_CHECKING:
    from ...messages import Message
    from ..session import Session

__all__ = ["WORDS"]

_SHOWN_CHARACTERS = 300
"""Of a message in an overview; `miniagents chats show` has all of it."""


def _question(session: "Session", number: str) -> tuple[int, int, "Message"]:
    """Return a question's number, place and message; the last one's if no number is given."""
    questions = session.questions()
    if not questions:
        raise UsageError("nothing was said yet; say something first")
    wanted = number_in(number, default=len(questions))
    if wanted is None or wanted > len(questions):
        raise UsageError(
            f"{number}: there is no such question; give a number from 1 to {len(questions)} (see /history)"
        )
    return wanted, *questions[wanted - 1]


async def _history(session: "Session", _rest: str) -> None:
    number = 0
    for message in session.conversation.messages():
        is_question = message.role == "user"
        number += is_question
        who = str(number) if is_question else str(message.metadata.get("model") or message.role or "")
        text = one_line(message.text)
        short = text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
        session.screen.tell(f"{who}: {short}")
    if not number:
        session.screen.tell("nothing was said yet")


async def _retry(session: "Session", _rest: str) -> None:
    _, place, question = _question(session, "")
    session.go_back(place, then={"text": question.text, "parts": question.parts, "role": "user"})


async def _edit(session: "Session", number: str) -> None:
    wanted, place, question = _question(session, number)
    session.edit(place, question)
    session.screen.tell(f"change question {wanted} and press Enter to go on from there; Ctrl-C leaves it as it is")


async def _undo(session: "Session", number: str) -> None:
    count = number_in(number, default=1)
    questions = session.questions()
    if count is None or count > len(questions):
        there = "is 1 question" if len(questions) == 1 else f"are {len(questions) or 'no'} questions"
        raise UsageError(f"{f'/undo {number}'.rstrip()}: there {there} to take back")
    place, question = questions[-count]
    session.go_back(place)
    left = len(questions) - count
    where = f"goes on after the answer to question {left}" if left else "begins the conversation anew"
    session.screen.tell(f"taken back: {_short(question)}; what you say next {where}")


async def _branch(session: "Session", number: str) -> None:
    wanted, _, _ = _question(session, number)
    questions = session.questions()
    keep = questions[wanted][0] if wanted < len(questions) else len(session.conversation.messages())
    session.go_back(keep)
    session.screen.tell(f"what you say next goes on after the answer to question {wanted}; what came later is kept")


def _short(message: "Message") -> str:
    text = one_line(message.text)
    return text if len(text) <= 60 else f"{text[:60]}…"  # noqa: PLR2004 - about a line


WORDS = (
    Word(name="history", help="Show the conversation in short, its questions with their numbers.", act=_history),
    Word(name="retry", help="Ask the last question again; the answer before is kept as a branch.", act=_retry),
    Word(name="edit", takes="[N]", help="Change your last question, or the N-th, and go on from there.", act=_edit),
    Word(name="undo", takes="[N]", help="Take back the last question, or the last N, with their answers.", act=_undo),
    Word(
        name="branch", takes="[N]", help="Go on from the answer to question N; what came after it is kept.", act=_branch
    ),
)
