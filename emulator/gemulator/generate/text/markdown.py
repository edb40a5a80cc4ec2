"""Markdown answers: lists, tables, code blocks, and a page with every feature."""

import re
import unicodedata

from gemulator.generate.text.languages.code_language import Program
from gemulator.generate.text.languages.code_languages import PROGRAMS
from gemulator.generate.text.writer import Writer, capitalize

_TASK = re.compile(
    r"\b(?:function|program|script|class|method|code|snippet|query|component)\b\s*(?:in \S+\s+)?"
    r"(that|which|to|for|named|called|returning)\s+([^.,;:!?\n]+)",
    re.IGNORECASE,
)
_VERB_ENDING = re.compile(r"(?<=ss)es$|(?<=[xz])es$|(?<=[cs]h)es$|(?<=o)es$|(?<![su])s$")
_NO_NAME = frozenset(
    ("a", "an", "the", "of", "in", "and", "or", "to", "with", "for", "all", "from", "is", "are", "given", "me")
)


def bullets(writer: Writer, count: int, *, dashed: bool = False) -> str:
    """Return a list of `count` points, numbered unless `dashed`."""
    dash = "：" if not writer.language.space else " – "
    points = [f"**{title}**{dash}{text}" for title, text in writer.points(count)]
    return "\n".join(f"{'-' if dashed else f'{number}.'} {point}" for number, point in enumerate(points, 1))


def table(writer: Writer, rows: int) -> str:
    """Return a table of three columns."""
    first, second, third = writer.language.columns
    marks = writer.seed.child("marks").random()
    lines = [f"| {first} | {second} | {third} |", "| --- | --- | ---: |"]
    lines += [f"| {title} | {text} | {marks.randint(5, 10)}/10 |" for title, text in writer.points(rows)]
    return "\n".join(lines)


def comparison(writer: Writer, rows: int) -> str:
    """Return a table that rates the two subjects of the prompt."""
    chance = writer.seed.child("marks").random()
    traits = list(writer.language.traits)
    chance.shuffle(traits)
    lines = [
        f"| {writer.language.columns[0]} | {writer.title()} | {capitalize(writer.topic.other)} |",
        "| --- | ---: | ---: |",
    ]
    lines += [
        f"| {capitalize(trait)} | {chance.randint(4, 10)}/10 | {chance.randint(4, 10)}/10 |" for trait in traits[:rows]
    ]
    return "\n".join(lines)


def code(writer: Writer, prompt: str, program: str) -> str:
    """Return a fenced block with a function named after the task."""
    known = PROGRAMS[program]
    task = _task(prompt) or writer.topic.title
    body = known.code.replace("NAME", _identifier(task, known)).replace("DOC", _sentence(task))
    return f"```{known.fence}\n{body}\n```"


def _task(prompt: str) -> str:
    found = _TASK.search(prompt[:2000])
    words = found[2].split()[:6] if found else []
    if words and found and found[1].lower() in ("that", "which"):
        words[0] = _VERB_ENDING.sub("", re.sub(r"ies$", "y", words[0]))
    return " ".join(words)


def _sentence(task: str) -> str:
    clean = re.sub(r"[^\w\s'-]", "", task).strip()
    return f"{clean[:1].upper()}{clean[1:]}." if clean else "Does the work."


def _identifier(task: str, program: Program) -> str:
    plain = unicodedata.normalize("NFKD", task).encode("ascii", "ignore").decode().lower()
    words = [word for word in re.findall(r"[a-z][a-z0-9]*", plain) if word not in _NO_NAME][:3] or ["tidy", "list"]
    if program.style == "snake":
        return "_".join(words)
    if program.style == "kebab":
        return "-".join(words)
    pascal = "".join(word.capitalize() for word in words)
    return pascal if program.style == "pascal" else pascal[0].lower() + pascal[1:]


def showcase(writer: Writer) -> str:
    """Return a page that uses every Markdown feature."""
    title = writer.title()
    heads = writer.language.headings
    tasks = writer.points(3)
    name = _identifier(title, PROGRAMS["python"])
    long_line = writer.language.space.join(writer.sentences(6))
    first, second = writer.sentences(2)
    return "\n\n".join(
        (
            f"# {title}",
            f"**{title}**, *{heads[0]}*. {first} ~~{tasks[0][1]}~~ `{name}()`",
            f"## {heads[1]}",
            "\n".join(f"- {point}\n  - {text}" for point, text in writer.points(3)),
            f"## {heads[2]}",
            bullets(writer, 3),
            "\n".join(f"- [{'x' if number == 0 else ' '}] {point}" for number, (point, _) in enumerate(tasks)),
            f"### {heads[3]}",
            table(writer, 3),
            code(writer, "", "python"),
            f"> {second}",
            f"## {heads[4]}",
            long_line,
            f"[{title}](https://example.com/{name})",
            "---",
        )
    )
