"""Parser for regular expressions: ECMA-262 with Python extensions."""

from collections.abc import Callable

from gemulator.core.text_cache import cache_texts
from gemulator.generate.regex import charset as characters
from gemulator.generate.regex.charset import Characters
from gemulator.generate.regex.nodes import (  # fmt: skip
    EMPTY,
    Anchor,
    BackReference,
    Chars,
    Either,
    Group,
    Lookaround,
    Node,
    Repeat,
    Sequence,
)
from gemulator.generate.regex.weight import problem_of


class BadPattern(ValueError):
    """Invalid or unsupported regular expression."""


_LONGEST_COUNT = 80  # characters of `{least,most}`
_MAX_DIGITS = 9
_MAX_QUANTIFIERS = 20  # in a row
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v", "0": "\0", "a": "\a", "e": "\x1b"}
_CLASSES = {"d": characters.DIGIT, "w": characters.WORD, "s": characters.SPACE}
_POSIX = {"alpha": characters.of("az", "AZ"), "digit": characters.DIGIT, "alnum": characters.of("az", "AZ", "09"),
          "upper": characters.of("AZ"), "lower": characters.of("az"), "space": characters.SPACE,
          "word": characters.WORD, "xdigit": characters.of("af", "AF", "09"),
          "punct": characters.of("!/", ":@", "[`", "{~")}  # fmt: skip


@cache_texts(2048, 500)
def parse(pattern: str) -> Node:
    """Return the syntax tree of `pattern`; raise BadPattern if it is invalid or too complex."""
    if (problem := problem_of(pattern)) is not None:
        raise BadPattern(problem)
    try:
        return _Parser(pattern).pattern()
    except RecursionError:
        raise BadPattern("nested too deeply") from None


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.groups: dict[str, int] = {}
        self.count = 0
        self.depth = 0
        self.ignore_case = False

    def pattern(self) -> Node:
        node = self.alternatives()
        if self.at < len(self.text):
            raise BadPattern(f"unexpected {self.text[self.at]} in {self.text}")
        return node

    def peek(self, text: str) -> bool:
        return self.text.startswith(text, self.at)

    def take(self, text: str) -> bool:
        if not self.peek(text):
            return False
        self.at += len(text)
        return True

    def next(self) -> str:
        if self.at >= len(self.text):
            raise BadPattern(f"unexpected end of {self.text}")
        self.at += 1
        return self.text[self.at - 1]

    def until(self, end: str) -> str:
        stop = self.text.find(end, self.at)
        if stop < 0:
            raise BadPattern(f"missing {end} in {self.text}")
        found = self.text[self.at : stop]
        self.at = stop + len(end)
        return found

    def alternatives(self) -> Node:
        self.depth += 1
        if self.depth > 80:
            raise BadPattern("nested too deeply")
        branches = [self.sequence()]
        while self.take("|"):
            branches.append(self.sequence())
        self.depth -= 1
        return branches[0] if len(branches) == 1 else Either(tuple(branches))

    def sequence(self) -> Node:
        items: list[Node] = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            items.append(self.with_quantifier(self.atom()))
        return items[0] if len(items) == 1 else Sequence(tuple(items))

    def with_quantifier(self, node: Node) -> Node:
        for _ in range(_MAX_QUANTIFIERS):
            if (quantifier := self.quantifier()) is None:
                return node
            self.take("?") or self.take("+")
            node = Repeat(node, *quantifier)
        raise BadPattern("too many quantifiers in a row")

    def quantifier(self) -> tuple[int, int | None] | None:
        for sign, found in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self.take(sign):
                return found
        if not self.peek("{"):
            return None
        end = self.text.find("}", self.at, self.at + _LONGEST_COUNT)
        low, comma, high = self.text[self.at + 1 : max(end, 0)].partition(",")
        if not (low + high).isdecimal():
            return None  # a literal brace
        if max(len(low), len(high)) > _MAX_DIGITS:
            raise BadPattern(f"a repetition of more than {_MAX_DIGITS} digits")
        self.until("}")
        least = int(low or 0)
        return least, (least if not comma else int(high) if high else None)

    def atom(self) -> Node:
        letter = self.next()
        match letter:
            case "(":
                return self.group()
            case "[":
                return Chars(self.char_class())
            case ".":
                return Chars(characters.DOT)
            case "^" | "$":
                return Anchor(letter)
            case "\\":
                return self.escape()
            case _:
                return self.literal(letter)

    def literal(self, letter: str) -> Node:
        if self.ignore_case and letter.lower() != letter.upper():
            return Chars(characters.of(letter.lower(), letter.upper()))
        return Chars(characters.of(letter))

    def group(self) -> Node:
        if not self.take("?"):
            return self.capture()
        for sign, ahead, positive in (("=", True, True), ("!", True, False), ("<=", False, True), ("<!", False, False)):
            if self.take(sign):
                return Lookaround(self.group_body(), ahead, positive)
        if self.take("P=") or self.take("#"):
            name = self.until(")")
            return BackReference(self.groups[name]) if name in self.groups else EMPTY
        if self.take("P<") or self.take("<"):
            self.groups[self.until(">")] = self.count + 1
            return self.capture()
        if self.take(":") or self.take(">"):
            return self.group_body()
        return self.flags()

    def flags(self) -> Node:
        start = self.at
        while self.at < len(self.text) and self.text[self.at] in "aiLmsux-":
            self.at += 1
        letters = self.text[start : self.at]
        before, self.ignore_case = self.ignore_case, "i" in letters.partition("-")[0] or self.ignore_case
        if self.take(")"):
            return EMPTY
        if not letters or not self.take(":"):
            raise BadPattern(f"unknown group in {self.text}")
        node = self.group_body()
        self.ignore_case = before
        return node

    def capture(self) -> Node:
        self.count += 1
        return Group(self.count, self.group_body())

    def group_body(self) -> Node:
        node = self.alternatives()
        if not self.take(")"):
            raise BadPattern(f"missing ) in {self.text}")
        return node

    def escape(self) -> Node:
        letter = self.next()
        if letter in "bB":
            return Anchor(letter)
        if letter in "AZz":
            return Anchor("^" if letter == "A" else "$")
        if letter in "123456789":
            return self.back_reference(letter)
        if letter == "k" and self.take("<"):
            return BackReference(self.groups.get(self.until(">"), 0))
        found = self.class_escape(letter)
        return Chars(found) if found is not None else self.literal(self.character_escape(letter))

    def back_reference(self, digits: str) -> Node:
        while self.at < len(self.text) and self.text[self.at].isdigit() and int(digits) * 10 <= self.count:
            digits += self.next()
        return BackReference(int(digits))

    def class_escape(self, letter: str) -> Characters | None:
        if letter in "pP":
            name = self.until("}") if self.take("{") else self.next()
            inverted = (letter == "P") != name.startswith("^")
            found = characters.property_class(name.lstrip("^"))
            if found is None:
                raise BadPattern(f"unknown class \\{letter}{{{name}}}")
        else:
            found, inverted = _CLASSES.get(letter.lower()), letter.isupper()
        return found.complement() if found is not None and inverted else found

    def character_escape(self, letter: str) -> str:
        widths: dict[str, Callable[[], str]] = {"x": lambda: self.code(2), "u": lambda: self.code(4)}
        if letter in widths:
            return widths[letter]()
        if letter == "c" and self.at < len(self.text):
            return chr(ord(self.next()) % 32)
        return _ESCAPES.get(letter, letter)

    def code(self, width: int) -> str:
        try:
            if self.take("{"):
                return chr(int(self.until("}"), 16))
            point = int(self.text[self.at : self.at + width].ljust(width, "?"), 16)
            self.at += width
            if 0xD800 <= point < 0xDC00 and self.peek("\\u"):
                low = int(self.text[self.at + 2 : self.at + 6], 16)
                self.at += 6
                return chr(0x10000 + (point - 0xD800) * 0x400 + low - 0xDC00)
            return chr(point)
        except (ValueError, OverflowError):
            raise BadPattern(f"bad code in {self.text}") from None

    def char_class(self) -> Characters:
        inverted = self.take("^")
        found: list[Characters] = []
        if self.peek("]") and self.text.find("]", self.at + 1) >= 0 and not inverted:
            found.append(characters.of(self.next()))  # as in Python; in ECMA, `[]` matches nothing
        while not self.take("]"):
            found.append(self.class_item())
        union = characters.union(found)
        return union.complement() if inverted else union

    def class_item(self) -> Characters:
        if self.take("[:"):
            return _POSIX.get(self.until(":]"), characters.NONE)
        first = self.class_letter()
        if isinstance(first, Characters) or not self.peek("-") or self.text[self.at + 1 : self.at + 2] in ("]", ""):
            return first if isinstance(first, Characters) else self.with_case_folding(first, first)
        self.next()
        last = self.class_letter()
        if isinstance(last, Characters):
            return characters.union([characters.of(first), characters.of("-"), last])
        if last < first:
            raise BadPattern(f"bad range in {self.text}")
        return self.with_case_folding(first, last)

    def with_case_folding(self, first: str, last: str) -> Characters:
        found = characters.of(first + last)
        if self.ignore_case and (first + last).isascii() and (first + last).isalpha():
            swapped = characters.of(first.swapcase() + last.swapcase())
            return characters.union([found, swapped])
        return found

    def class_letter(self) -> Characters | str:
        letter = self.next()
        if letter != "\\":
            return letter
        letter = self.next()
        if letter == "b":
            return "\b"
        found = self.class_escape(letter)
        return found if found is not None else self.character_escape(letter)
