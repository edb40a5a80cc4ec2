"""Texts for the formats of JSON Schema and OpenAPI, and for dates and times that fit a property's name."""

import base64
import json
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from gemulator.core.seed import Seed

if TYPE_CHECKING:
    from gemulator.generate.json_schema.context import GenerationContext

Maker = Callable[["GenerationContext", str, Seed], str]

_PAST = ("birth", "dob", "creat", "updat", "modif", "publish", "issued", "joined", "hired", "since", "last", "past",
         "purchase", "signed", "regist", "complet", "founded", "history")  # fmt: skip
_BORN = ("birth", "dob")


def day(setting: "GenerationContext", name: str, seed: Seed) -> date:
    """A day for a property: in the past where the name says so, else in the weeks after the reference day."""
    lower = name.lower()
    if any(word in lower for word in _BORN):
        back = seed.between(20 * 365, 60 * 365)
    elif any(word in lower for word in _PAST):
        back = seed.between(1, 90)
    else:
        back = (
            -seed.between(10, 30) if any(w in lower for w in ("end", "return", "out", "until")) else -seed.between(1, 9)
        )
    try:
        return setting.reference_day - timedelta(days=back)
    except OverflowError:
        return setting.reference_day


def moment(setting: "GenerationContext", name: str, seed: Seed) -> datetime:
    """A day and a full quarter of an hour in working time."""
    clock = time(seed.child("hour").between(8, 19), seed.child("minute").pick((0, 15, 30, 45)))
    return datetime.combine(day(setting, name, seed), clock)


def _date(setting: "GenerationContext", name: str, seed: Seed) -> str:
    return day(setting, name, seed).isoformat()


def _date_time(setting: "GenerationContext", name: str, seed: Seed) -> str:
    return moment(setting, name, seed).isoformat() + "Z"


def _time(setting: "GenerationContext", name: str, seed: Seed) -> str:
    return moment(setting, name, seed).time().isoformat() + "Z"


def _word(kind: str, shape: str = "{}") -> Maker:
    return lambda setting, name, seed: shape.format(setting.words.pick(kind, seed))


def _number(shape: str, low: int, high: int) -> Maker:
    return lambda setting, name, seed: shape.format(seed.between(low, high))


def _address4(setting: "GenerationContext", name: str, seed: Seed) -> str:
    net = seed.pick(("192.0.2", "198.51.100", "203.0.113"))  # the networks set aside for documentation
    return f"{net}.{seed.child('host').between(1, 254)}"


def _base64(setting: "GenerationContext", name: str, seed: Seed) -> str:
    return base64.b64encode(setting.words.pick("sentence", seed).encode()).decode()


def content(setting: "GenerationContext", media_type: object, encoding: object, seed: Seed) -> str:
    """A text of `contentMediaType` in `contentEncoding`: JSON or a sentence, in base64 or as it is."""
    text = setting.words.pick("sentence", seed)
    if isinstance(media_type, str) and media_type.endswith("json"):
        text = json.dumps({"text": text})
    return base64.b64encode(text.encode()).decode() if encoding == "base64" else text


FORMATS: dict[str, Maker] = {
    "date": _date,
    "date-time": _date_time,
    "datetime": _date_time,
    "time": _time,
    "duration": lambda setting, name, seed: f"PT{seed.between(1, 11)}H{seed.child('m').pick((5, 15, 30, 45))}M",
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
    "uuid": lambda setting, name, seed: seed.uuid4(),
    "json-pointer": _number("/items/{}", 0, 9999),
    "relative-json-pointer": _number("0/items/{}", 0, 9999),
    "regex": lambda setting, name, seed: f"^[a-z]{{1,{seed.between(2, 90)}}}$",
    "byte": _base64,
    "base64": _base64,
    "binary": _base64,
    "password": _word("password"),
    "phone": _word("phone"),
    "color": _word("color"),
    "int64": _number("{}", 1, 9999),
    "int32": _number("{}", 1, 9999),
}
