"""One thing that was found in a prompt, and the patterns that find what has a shape of its own."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Generic, TypeVar

from msgspec import Struct

Value = TypeVar("Value")


class Finding(Struct, Generic[Value], frozen=True):
    """A value and where it stands; `before` and `after` are the words beside it in lower case."""

    value: Value
    start: int
    end: int
    before: str = ""
    after: str = ""


_QUOTES = "|".join(
    (
        r'"([^"\n]+)"',
        r"“([^”\n]+)”",
        r"„([^“”\n]+)[“”]",
        r"«\s*([^»\n]+?)\s*»",
        r"‹([^›\n]+)›",
        r"「([^」\n]+)」",
        r"『([^』\n]+)』",
        r"‘([^’\n]+)’(?!\w)",
        r"(?<!\w)'([^'\n]+)'(?!\w)",
        r"`([^`\n]+)`",
    )
)
_QUOTED = re.compile(_QUOTES)
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+", re.ASCII)
_URL = re.compile(r"\b(?:https?|ftp|gs|s3)://[^\s<>\"'`“”«»「」（）]+|\bwww\.[^\s<>\"'`“”«»「」（）]+")
_CLOCK = re.compile(r"(?<![\d:])([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?(?![\d:])\s*([ap]\.?m\b)?", re.IGNORECASE)
_HOUR = re.compile(r"(?<![\d:.,])(1[0-2]|[1-9])\s*([ap]\.?m\b)", re.IGNORECASE)
_CODE = re.compile(r"(?<![\w-])(?:#\d+|[A-Za-z]{1,6}-\d[\w-]*|[A-Z]{2,5}\d{2,}\w*)(?![\w-])")
_PHONE = re.compile(r"(?<![\w+])\+\d[\d ()-]{6,18}\d")
_NUMBER = re.compile(
    r"(?<![\w.,/-])(?P<sign>[-−+]?)[$€£¥₹]?(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,18}(?:\.\d{1,12})?)(?![\d:]|[./]\d)"
)
_MONEY = re.compile(r"[$€£¥₹₩]")

_MONTHS = (
    r"jan(?:uar|uary|vier|eiro)?|enero|ene",
    r"feb(?:ruar|ruary|rero)?|f[ée]v(?:rier|ereiro)?",
    r"mar(?:ch|s|zo|ço)?|märz",
    r"apr(?:il)?|avr(?:il)?|abr(?:il)?",
    r"may|mai|mayo|maio",
    r"june?|juni|juin|junio|junho",
    r"july?|juli|juillet|julio|julho",
    r"aug(?:ust)?|août|agosto|ago",
    r"sept?(?:ember|embre|iembre)?|setembro|set",
    r"o[ck]t(?:ober|obre|ubre)?|outubro|out",
    r"nov(?:ember|embre|iembre|embro)?",
    r"de[cz](?:ember|iembre|embro)?|d[ée]c(?:embre)?",
)
_MONTH = "|".join(f"(?P<m{number}>{names})" for number, names in enumerate(_MONTHS, 1))
_DATES = (
    re.compile(r"(?<!\d)(?P<y>\d{4})[-/.年]\s?(?P<mo>\d{1,2})[-/.月]\s?(?P<d>\d{1,2})(?!\d)日?"),
    re.compile(r"(?<!\d)(?P<y>\d{4})년\s?(?P<mo>\d{1,2})월\s?(?P<d>\d{1,2})일"),
    re.compile(r"(?<![\d.])(?P<d>\d{1,2})\.\s?(?P<mo>\d{1,2})\.\s?(?P<y>\d{4})(?!\d)"),
    re.compile(r"(?<![\d/])(?P<mo>\d{1,2})/(?P<d>\d{1,2})/(?P<y>\d{4})(?![\d/])"),
    re.compile(rf"\b(?:{_MONTH})\.?\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y>\d{{4}})\b", re.IGNORECASE),
    re.compile(
        rf"(?<!\d)(?P<d>\d{{1,2}})(?:st|nd|rd|th|\.|º)?\s+(?:de\s+|of\s+)?(?:{_MONTH})\.?,?\s+(?:de\s+)?(?P<y>\d{{4}})\b",
        re.IGNORECASE,
    ),
)
_CURRENCY = re.compile(
    r"\b(USD|EUR|GBP|JPY|CHF|CAD|AUD|NZD|CNY|INR|KRW|BRL|MXN|SEK|NOK|DKK|PLN|CZK|HUF|TRY|ZAR"
    r"|SGD|HKD|THB|ILS|AED|SAR|EGP|RUB|BTC)\b"
    r"|(€|\beuros?\b)|(\$|\bdollars?\b)|(£|\bpounds?\b)"
    r"|(¥|円|\byen\b)|(₹|\brupees?\b)|(₩|\bwon\b(?= to|s))|(\bfrancs?\b)"
)
_CURRENCIES = ("EUR", "USD", "GBP", "JPY", "INR", "KRW", "CHF")


def quoted(text: str) -> Iterator[Finding[str]]:
    """What stands in quotation marks of any script."""
    for match in _QUOTED.finditer(text):
        yield Finding(next(part for part in match.groups() if part), *match.span())


def matches(kind: str, text: str) -> Iterator[Finding[str]]:
    """Literals of a kind: email, url, code or phone."""
    pattern = {"email": _EMAIL, "url": _URL, "code": _CODE, "phone": _PHONE}[kind]
    for match in pattern.finditer(text):
        yield Finding(match[0].rstrip(".,;:!?)…。、"), *match.span())


def dates(text: str) -> Iterator[Finding[str]]:
    """Days that are named in full, in ISO form. 4/5/2026 is read as in the United States, 4.5.2026 as in Europe."""
    for pattern in _DATES:
        for match in pattern.finditer(text):
            parts = match.groupdict()
            month = parts.get("mo") or next(name[1:] for name, found in parts.items() if name[0] == "m" and found)
            if day := _iso(int(parts["y"]), int(month), int(parts["d"])):
                yield Finding(day, *match.span())


def _iso(year: int, month: int, day: int) -> str:
    if month > 12 >= day:
        month, day = day, month
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return ""


def times(text: str) -> Iterator[Finding[str]]:
    """Times of day as HH:MM."""
    for match in _CLOCK.finditer(text):
        yield Finding(_hours(int(match[1]), int(match[2]), match[4]), *match.span())
    for match in _HOUR.finditer(text):
        yield Finding(_hours(int(match[1]), 0, match[2]), *match.span())


def _hours(hour: int, minute: int, half: str | None) -> str:
    if half:
        hour = hour % 12 + (12 if half[0] in "pP" else 0)
    return f"{hour:02}:{minute:02}"


def currencies(text: str) -> Iterator[Finding[str]]:
    """ISO codes of the currencies named."""
    for match in _CURRENCY.finditer(text):
        yield Finding(match[1] or _CURRENCIES[(match.lastindex or 2) - 2], *match.span())


def numbers(text: str) -> Iterator[Finding[int | float]]:
    """Integers and decimals. `before` is the currency sign or the word before, `after` the word after."""
    for match in _NUMBER.finditer(text):
        digits = match["digits"].replace(",", "")
        value: int | float = float(digits) if "." in digits else int(digits)
        value = -value if match["sign"] in ("-", "−") else value
        sign = "$" if _MONEY.search(match[0]) else _last_word(text[max(0, match.start() - 24) : match.start()])
        yield Finding(
            value, match.start("digits"), match.end(), sign, _first_word(text[match.end() : match.end() + 24])
        )


def _last_word(text: str) -> str:
    words = re.findall(r"[^\W\d_]+", text.lower())
    return words[-1] if words else ""


def _first_word(text: str) -> str:
    found = re.match(r"\s*([^\W\d_]+|[$€£¥₹%°])", text.lower())
    return found[1] if found else ""
