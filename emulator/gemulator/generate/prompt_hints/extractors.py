"""Extractors of numbers, quotes and literals with a shape of their own."""

import re
from collections.abc import Iterator
from typing import Generic, TypeVar

from msgspec import Struct

Value = TypeVar("Value")


class Match(Struct, Generic[Value], frozen=True):
    """A value and its position; `before` and `after` are the adjacent words in lower case."""

    value: Value
    start: int
    end: int
    before: str = ""
    after: str = ""


_QUOTES = "|".join(
    (
        r'"([^"\n]+)"',
        r"“([^“”\n]+)”",
        r"„([^„“”\n]+)[“”]",
        r"«\s*+([^«»\n]++)\s*+»",
        r"‹([^‹›\n]+)›",
        r"「([^「」\n]+)」",
        r"『([^『』\n]+)』",
        r"‘([^‘’\n]+)’(?!\w)",
        r"(?<!\w)'([^'\n]+)'(?!\w)",
        r"`([^`\n]+)`",
    )
)
_QUOTED = re.compile(_QUOTES)
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+", re.ASCII)
_URL = re.compile(r"\b(?:https?|ftp|gs|s3)://[^\s<>\"'`“”«»「」（）]+|\bwww\.[^\s<>\"'`“”«»「」（）]+")
_CLOCK = re.compile(r"(?<![\d:])([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?(?![\d:])\s*([ap]\.?m\b)?", re.IGNORECASE)
# As other languages write hours: "8 Uhr", "à 8h30", "a las 8", "午後3時", "오후 3시"; "2 h" and "8時間" are spans.
_OCLOCK = re.compile(
    r"(?P<late>午後|下午|晚上|오후)?\s?(?<![\d:.,])(?P<h>[01]?\d|2[0-3])"
    r"(?:(?=\s?Uhr\b)|h(?P<m>[0-5]\d)(?!\w)|\s?(?:時|时|点|시)(?![間间간])\s?(?:(?P<min>[0-5]?\d)[分분])?)"
    r"|\b(?:a las|às|à)\s(?P<h2>1?\d|2[0-3])\s?h?(?![\w:.,])"
)
_SCALES = {
    **dict.fromkeys(("k", "thousand", "tausend"), 1000),
    **dict.fromkeys(("million", "millions", "millionen", "millones", "mio"), 10**6),
    "billion": 10**9,
}
_HOUR = re.compile(r"(?<![\d:.,])(1[0-2]|[1-9])\s*([ap]\.?m\b)", re.IGNORECASE)
_CODE = re.compile(r"(?<![\w-])(?:#\d+|[A-Za-z]{1,6}-\d[\w-]*|[A-Z]{2,5}\d{2,}\w*)(?![\w-])")
_PATH = re.compile(
    r"(?<![\w/:.@-])(?:(?:~|\.{1,2})?/[\w.@-]+(?:/[\w.@-]+)*/?"
    r"|(?:[\w@-]+/)*[\w-]+\.(?:py|[jt]sx?|json|md|txt|csv|ya?ml|toml|html|css|xml|pdf|png|jpe?g|go|rs|java|rb|sh|sql|log"
    r"|ini|conf|docx?|xlsx?)(?!\w))"
)
_PHONE = re.compile(r"(?<![\w+])\+\d[\d ()-]{6,18}\d")
_NUMBER = re.compile(
    r"(?<![\w.,/-])(?P<sign>[-−+]?)[$€£¥₹]?(?P<digits>\d{1,3}(?:,\d{3}){1,6}(?:\.\d{1,12})?"
    # 1.200,50 and 1,5 are decimals with a comma: one or two digits follow, and no further comma
    r"|\d{1,3}(?:\.\d{3}){0,6},\d{1,2}(?![\d,])|\d{1,18}(?:\.\d{1,12})?)(?![\d:]|[./]\d)"
)
_WITH_COMMA = re.compile(r"[\d.]*\d,\d\d?")
_MONEY = re.compile(r"[$€£¥₹₩]")

_CURRENCY = re.compile(
    r"\b(USD|EUR|GBP|JPY|CHF|CAD|AUD|NZD|CNY|INR|KRW|BRL|MXN|SEK|NOK|DKK|PLN|CZK|HUF|TRY|ZAR"
    r"|SGD|HKD|THB|ILS|AED|SAR|EGP|RUB|BTC)\b"
    r"|(€|\beuros?\b)|(\$|\bdollars?\b)|(£|\bpounds?\b)"
    r"|(¥|円|\byen\b)|(₹|\brupees?\b)|(₩|\bwon\b(?= to|s))|(\bfrancs?\b)"
)
_CURRENCIES = ("EUR", "USD", "GBP", "JPY", "INR", "KRW", "CHF")


def quotes(text: str) -> Iterator[Match[str]]:
    """Yield text in quotation marks of any script."""
    for match in _QUOTED.finditer(text):
        value = next(part for part in match.groups() if part)
        yield Match(value.rstrip() if match[0][0] == "«" else value, *match.span())


def matches(kind: str, text: str) -> Iterator[Match[str]]:
    """Yield literals of a kind: email, url, path, code or phone."""
    pattern = {"email": _EMAIL, "url": _URL, "path": _PATH, "code": _CODE, "phone": _PHONE}[kind]
    for match in pattern.finditer(text):
        yield Match(match[0].rstrip(".,;:!?)…。、"), *match.span())


def times(text: str) -> Iterator[Match[str]]:
    """Yield times of day as HH:MM."""
    for match in _CLOCK.finditer(text):
        yield Match(_hours(int(match[1]), int(match[2]), match[4]), *match.span())
    for match in _HOUR.finditer(text):
        yield Match(_hours(int(match[1]), 0, match[2]), *match.span())
    for match in _OCLOCK.finditer(text):
        hour, minute = match["h"] or match["h2"], match["m"] or match["min"] or "0"
        yield Match(_hours(int(hour), int(minute), "pm" if match["late"] else None), *match.span())


def _hours(hour: int, minute: int, half: str | None) -> str:
    if half:
        hour = hour % 12 + (12 if half[0] in "pP" else 0)
    return f"{hour:02}:{minute:02}"


def currencies(text: str) -> Iterator[Match[str]]:
    """Yield the ISO codes of named currencies."""
    for match in _CURRENCY.finditer(text):
        yield Match(match[1] or _CURRENCIES[(match.lastindex or 2) - 2], *match.span())


def numbers(text: str) -> Iterator[Match[int | float]]:
    """Yield integers and decimals. `before` is the currency sign or previous word, `after` the next word."""
    for match in _NUMBER.finditer(text):
        digits = match["digits"]
        digits = digits.replace(".", "").replace(",", ".") if _WITH_COMMA.fullmatch(digits) else digits.replace(",", "")
        value: int | float = float(digits) if "." in digits else int(digits)
        value = -value if match["sign"] in ("-", "−") else value
        sign = "$" if _MONEY.search(match[0]) else _last_word(text[max(0, match.start() - 24) : match.start()])
        after = _first_word(text[match.end() : match.end() + 24])
        value *= _SCALES.get(after, 1)
        value = int(value) if after in _SCALES and value == int(value) else value
        yield Match(value, match.start("digits"), match.end(), sign, after)


def _last_word(text: str) -> str:
    words = re.findall(r"[^\W\d_]+", text.lower())
    return words[-1] if words else ""


def _first_word(text: str) -> str:
    found = re.match(r"\s*([^\W\d_]+|[$€£¥₹%°])", text.lower())
    return found[1] if found else ""
