"""String generation by `format`, and dates that suit a property's name."""

import base64
import json
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from gemulator.core.seed import Seed

if TYPE_CHECKING:
    from gemulator.generate.json_schema.context import GenerationContext

Maker = Callable[["GenerationContext", str, Seed], str]

_PAST_WORDS = ("birth", "dob", "creat", "updat", "modif", "publish", "issued", "joined", "hired", "since", "last",
               "past", "purchase", "signed", "regist", "complet", "founded", "history")  # fmt: skip
_BIRTH_WORDS = ("birth", "dob")


def day(context: "GenerationContext", name: str, seed: Seed) -> date:
    """Return a day for a property: in the past if its name implies so, otherwise soon after the reference day."""
    lower = name.lower()
    if any(word in lower for word in _BIRTH_WORDS):
        days_ago = seed.between(20 * 365, 60 * 365)
    elif any(word in lower for word in _PAST_WORDS):
        days_ago = seed.between(1, 90)
    else:
        days_ago = (
            -seed.between(10, 30) if any(w in lower for w in ("end", "return", "out", "until")) else -seed.between(1, 9)
        )
    try:
        return context.reference_day - timedelta(days=days_ago)
    except OverflowError:
        return context.reference_day


def moment(context: "GenerationContext", name: str, seed: Seed) -> datetime:
    """Return a day and a quarter of an hour within working time."""
    clock = time(seed.child("hour").between(8, 19), seed.child("minute").pick((0, 15, 30, 45)))
    return datetime.combine(day(context, name, seed), clock)


def _date(context: "GenerationContext", name: str, seed: Seed) -> str:
    return day(context, name, seed).isoformat()


def _date_time(context: "GenerationContext", name: str, seed: Seed) -> str:
    return moment(context, name, seed).isoformat() + "Z"


def _time(context: "GenerationContext", name: str, seed: Seed) -> str:
    return moment(context, name, seed).time().isoformat() + "Z"


def _word(kind: str, shape: str = "{}") -> Maker:
    return lambda context, name, seed: shape.format(context.words.pick(kind, seed))


def _number(shape: str, low: int, high: int) -> Maker:
    return lambda context, name, seed: shape.format(seed.between(low, high))


def _address4(context: "GenerationContext", name: str, seed: Seed) -> str:
    net = seed.pick(("192.0.2", "198.51.100", "203.0.113"))  # networks reserved for documentation
    return f"{net}.{seed.child('host').between(1, 254)}"


def _base64(context: "GenerationContext", name: str, seed: Seed) -> str:
    return base64.b64encode(context.words.pick("sentence", seed).encode()).decode()


def content(context: "GenerationContext", media_type: object, encoding: object, seed: Seed) -> str:
    """Return a string of `contentMediaType` (JSON or a sentence), in base64 if `contentEncoding` says so."""
    text = context.words.pick("sentence", seed)
    if isinstance(media_type, str) and media_type.endswith("json"):
        text = json.dumps({"text": text})
    return base64.b64encode(text.encode()).decode() if encoding == "base64" else text


FORMATS: dict[str, Maker] = {
    "date": _date,
    "date-time": _date_time,
    "datetime": _date_time,
    "time": _time,
    "duration": lambda context, name, seed: f"PT{seed.between(1, 11)}H{seed.child('m').pick((5, 15, 30, 45))}M",
    "email": _word("email"),
    "idn-email": _word("email"),
    "hostname": _word("hostname"),
    "idn-hostname": _word("hostname"),
    "host-name": _word("hostname"),
    "ipv4": _address4,
    "ip-address": _address4,
    "ip": _address4,
    "ipv6": _number("2001:db8::{:x}", 1, 65535),
    "uri": _word("url"),
    "url": _word("url"),
    "iri": _word("url"),
    "uri-reference": _number("/items/{}", 1, 9999),
    "iri-reference": _number("/items/{}", 1, 9999),
    "uri-template": _number("/items/{}/{{part}}", 1, 9999),
    "uuid": lambda context, name, seed: seed.uuid4(),
    "json-pointer": _number("/items/{}", 0, 9999),
    "relative-json-pointer": _number("0/items/{}", 0, 9999),
    "regex": lambda context, name, seed: f"^[a-z]{{1,{seed.between(2, 90)}}}$",
    "byte": _base64,
    "base64": _base64,
    "binary": _base64,
    "password": _word("password"),
    "phone": _word("phone"),
    "color": _word("color"),
    "int64": _number("{}", 1, 9999),
    "int32": _number("{}", 1, 9999),
}
