"""A conversation as one web page: readable, complete in itself, and harmless.

In: messages. Out: HTML without scripts, in which all that was said is text, and nothing is fetched. Never: a file.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from html import escape

from ...content import Image, Part, described
from ...messages import Message
from ...safe_text import one_line, safe

__all__ = ["page"]

_PICTURES = {"image/png", "image/jpeg", "image/gif", "image/webp"}
"""What browsers show, and what holds no scripts (SVG does)."""
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[^\n`]*\n(.*?)(?:^ {0,3}\1[`~]*[ \t]*$\n?|\Z)", re.DOTALL | re.MULTILINE)
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46em; margin: 2em auto; padding: 0 1em }
:root { color-scheme: light dark } article { margin: 1.5em 0 } img { max-width: 100% } time { font-weight: normal }
h2 { font-size: .85em; opacity: .7; margin: 0 0 .3em } p { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0 }
pre { overflow-x: auto; padding: .8em; background: #8882; border-radius: .3em }
.user { border-left: .25em solid #48a; padding-left: 1em }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def page(title: str, messages: Iterable[tuple[Message, str]]) -> str:
    """Return a page with this title, of messages and when they were said, "" where nobody knows."""
    shown = escape(one_line(title)) or "chat"
    articles = "\n".join(_article(message, time) for message, time in messages)
    return (
        f'<!doctype html>\n<html>\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{shown}</title>\n<style>{_STYLE}</style>\n'
        f"</head>\n<body>\n<h1>{shown}</h1>\n{articles}\n</body>\n</html>\n"
    )


def _article(message: Message, time: str) -> str:
    names = (message.role, message.metadata.get("agent"), message.metadata.get("model"))
    status = message.metadata.get("status")
    told = [str(name) for name in names if name] + ([f"({status})"] if status else [])
    heading = escape(one_line(" · ".join(told))) + (f" <time>{escape(one_line(time))}</time>" if time else "")
    body = "".join((*_text(safe(message.text)), *_beside(message.parts)))
    kind = "user" if message.role == "user" else "other"
    return f'<article class="{kind}">\n<h2>{heading}</h2>\n{body}</article>'


def _text(text: str) -> Iterator[str]:
    place = 0
    for code in _FENCE.finditer(text):
        yield _paragraph(text[place : code.start()])
        yield f"<pre><code>{escape(code[2])}</code></pre>\n"
        place = code.end()
    yield _paragraph(text[place:])


def _paragraph(text: str) -> str:
    return f"<p>{escape(text.strip(chr(10)))}</p>\n" if text.strip() else ""


def _beside(parts: Iterable[Part]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Image) and part.data is not None and part.media_type in _PICTURES:
            yield f'<img alt="" src="data:{part.media_type};base64,{b64encode(part.data).decode()}">\n'
        elif told := described([part]):
            yield _paragraph(safe(told))
