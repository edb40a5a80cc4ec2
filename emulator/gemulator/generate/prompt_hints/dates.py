"""Dates in a prompt: complete, without year, or relative."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

from gemulator.generate.prompt_hints.extractors import Match
from gemulator.generate.reference_day import REFERENCE_DAY

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
_FULL_NAMES = (
    r"january|januar|janvier|enero|janeiro", r"february|februar|f[ée]vrier|febrero|fevereiro",
    r"march|märz|mars|marzo|março", r"april|avril|abril", r"May|mai|mayo|maio", r"june|juni|juin|junio|junho",
    r"july|juli|juillet|julio|julho", r"august|août|agosto", r"september|septembre|septiembre|setembro",
    r"o[ck]tober|octobre|octubre|outubro", r"november|novembre|noviembre|novembro",
    r"de[cz]ember|décembre|diciembre|dezembro",
)  # fmt: skip
_SHORT_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "June?", "July?", "Aug", "Sept?", "Oct", "Nov", "Dec")


def _month_pattern(names: tuple[str, ...]) -> str:
    return "|".join(f"(?P<m{number}>{name})" for number, name in enumerate(names, 1))


def _capital(names: str) -> str:
    return "|".join(name[0].upper() + name[1:] for name in names.split("|"))


# Without a year only unambiguous months count: "may 3 of us" and "3 out of 5" are no dates.
_STARTS = tuple(f"{_capital(full)}|{short}" for full, short in zip(_FULL_NAMES, _SHORT_NAMES, strict=True))
_EITHER = tuple(f"{full}|{_capital(full)}" for full in _FULL_NAMES)
_YEARLESS = (
    re.compile(
        rf"\b(?:{_month_pattern(_STARTS)})\.?\s(?P<d>\d{{1,2}})(?:st|nd|rd|th)?"
        r"(?:\s?(?:-|–|to|until)\s?(?P<d2>\d{1,2})(?:st|nd|rd|th)?)?(?![\d:.%]|\s?[ap]\.?m)"
    ),
    re.compile(
        r"(?<![\d.:])(?P<d>\d{1,2})(?:st|nd|rd|th|\.|º|er)?\s(?:de\s|of\s)?" rf"(?:{_month_pattern(_EITHER)})(?!\w)"
    ),
    re.compile(r"(?<!\d)(?P<mo>\d{1,2})[月월]\s?(?P<d>\d{1,2})[日일号]"),
)
_WEEKDAYS = (
    "monday|montag|lundi|lunes|segunda-feira|月曜|星期一|周一|월요일",
    "tuesday|dienstag|mardi|martes|terça-feira|火曜|星期二|周二|화요일",
    "wednesday|mittwoch|mercredi|miércoles|quarta-feira|水曜|星期三|周三|수요일",
    "thursday|donnerstag|jeudi|jueves|quinta-feira|木曜|星期四|周四|목요일",
    "friday|freitag|vendredi|viernes|sexta-feira|金曜|星期五|周五|금요일",
    "saturday|samstag|sonnabend|samedi|sábado|土曜|星期六|周六|토요일",
    "sunday|sonntag|dimanche|domingo|日曜|星期日|周日|일요일",
)
_FROM_TODAY = (
    (2, r"the day after tomorrow|übermorgen|après-demain|pasado mañana|depois de amanhã|明後日|后天|모레"),
    (1, r"tomorrow|morgen(?! früh um)|demain|mañana|amanhã|明日|明天|내일|غدًا|غدا"),
    (0, r"today|tonight|heute|aujourd[’']hui|ce soir|hoy|esta noche|hoje|今日|今天|오늘|اليوم|आज"),
    (7, r"in a week|next week|nächste Woche|la semaine prochaine|la próxima semana|来週|下周|다음 주"),
)
_RELATIVE = re.compile(
    "|".join([*(f"(?P<t{days}>(?<!\\w)(?:{names}))" for days, names in _FROM_TODAY),
              *(f"(?P<w{number}>(?<![^\\W_])(?:{names}))" for number, names in enumerate(_WEEKDAYS))]),
    re.IGNORECASE,
)  # fmt: skip


def dates(text: str) -> Iterator[Match[str]]:
    """Yield dates in ISO form: 4/5/2026 is US order, 4.5.2026 European; without a year, the next one."""
    taken = bytearray(len(text))
    for one in _finding(_DATES, text):
        taken[one.start : one.end] = bytes([1]) * (one.end - one.start)
        yield one
    for one in _finding(_YEARLESS, text):
        if not any(taken[one.start : one.end]):
            yield one


def _finding(patterns: tuple[re.Pattern[str], ...], text: str) -> Iterator[Match[str]]:
    for pattern in patterns:
        for match in pattern.finditer(text):
            parts = match.groupdict()
            month = int(parts.get("mo") or next(name[1:] for name, found in parts.items() if name[0] == "m" and found))
            for number, day in enumerate(int(day) for day in (parts["d"], parts.get("d2")) if day):
                if iso := _iso(int(parts["y"]), month, day) if parts.get("y") else _next(month, day):
                    yield Match(iso, match.start() + number, match.end())


def relative(text: str) -> Iterator[Match[str]]:
    """Yield relative days and weekdays in ISO form, counted from the reference day."""
    for match in _RELATIVE.finditer(text):
        kind, number = str(match.lastgroup)[0], int(str(match.lastgroup)[1:])
        ahead = number if kind == "t" else (number - REFERENCE_DAY.weekday() - 1) % 7 + 1
        yield Match((REFERENCE_DAY + timedelta(days=ahead)).isoformat(), *match.span())


def _next(month: int, day: int) -> str:
    """Return the first such date that is not past."""
    this = _iso(REFERENCE_DAY.year, month, day)
    return this if this >= REFERENCE_DAY.isoformat() else _iso(REFERENCE_DAY.year + 1, month, day)


def _iso(year: int, month: int, day: int) -> str:
    if month > 12 >= day:
        month, day = day, month
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return ""
