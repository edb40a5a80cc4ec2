"""Kinds of words and number ranges inferred from property names and descriptions."""

import re
from collections.abc import Iterator

from gemulator.core.text_cache import cache_short

# Word kind: phrases of property names (split into words, singular). A phrase at the end of the name takes precedence
# over one inside it, and a longer one over a shorter one.
_PHRASES = {
    "first_name": "first name|given name|firstname|fname|forename",
    "last_name": "last name|family name|surname|lastname|lname",
    "name": "full name|person|author|customer|customer name|user name full|contact|contact name|owner|assignee"
    "|client|scientist|recipient|sender|receiver|guest|passenger|patient|employee|attendee|participant|host name full"
    "|manager|actor|director|artist|player|driver|buyer|seller|cardholder|holder",
    "user_name": "username|user name|user|login|handle|nickname|screen name",
    "email": "email|e mail|mail|email address|bcc|reply to",
    "phone": "phone|phone number|telephone|mobile|cell|fax|tel|msisdn",
    "password": "password|passwd|passphrase",
    "city": "city|town|location city|origin|destination|departure|arrival|place|hometown|municipality",
    "airport": "airport|airport code|iata|iata code|departure airport|arrival airport",
    "city_state": "city state|location|city and state",
    "state": "state|province|region|county|prefecture",
    "country": "country|nation|country name|nationality",
    "country_code": "country code|iso country|alpha2|nationality code",
    "postcode": "zip|zip code|postal code|postcode|zipcode|plz",
    "street": "street|street address|address line|address1|address line1|line1|street name",
    "address": "address|billing address|shipping address|full address|home address|venue",
    "secondary": "address2|address line2|line2|apartment|suite",
    "company": "company|company name|organization|organisation|employer|business|vendor|supplier|merchant|brand"
    "|manufacturer|publisher|provider name|org|bank",
    "job": "job|job title|profession|occupation|role title|position title|designation",
    "currency": "currency|currency code|from currency|to currency|base currency|target currency",
    "language_code": "language code|lang|locale code|language|source language|target language",
    "locale": "locale",
    "time_zone": "timezone|time zone|tz",
    "color": "color|colour|color name",
    "hex_color": "hex color|color hex|hex|background color|foreground color",
    "url": "url|uri|link|href|website|homepage|web site|endpoint|webhook|image url|callback",
    "image_url": "image|photo|picture|avatar|thumbnail|logo|icon url",
    "hostname": "hostname|host|domain|domain name|server",
    "ip": "ip|ip address|ipv4|ipaddress",
    "mac": "mac address|mac",
    "uuid": "uuid|guid",
    "sku": "sku|product code|part number|article number|item code",
    "isbn": "isbn",
    "iban": "iban|account number",
    "card": "card number|credit card|credit card number",
    "symbol": "ticker|symbol|stock symbol|stock ticker|ticker symbol|stock",
    "product": "product|product name|item|item name|article|goods|good",
    "code": "code|reference|ref|order number|confirmation number|booking reference|tracking number|voucher|coupon",
    "identifier": "id|identifier|key|token|session|order id|user id|customer id|resource",
    "slug": "slug|tag|label|category|topic|keyword|hashtag|permalink|branch|repo|repository|namespace",
    "version": "version|semver|release",
    "date": "date|day|birthday|dob|deadline|due|date of birth|due date|start date|end date|check in|check out"
    "|departure date|return date|arrival date|expiry|expiration date",
    "datetime": "datetime|date time|timestamp|start time|end time|created at|updated at|time stamp|scheduled at",
    "time": "time|hour time|time of day|opening time|closing time",
    "path": "path|file path|filepath|filename path",
    "folder": "directory|folder|dir|dir path|directory path|folder path|workspace|cwd|working directory",
    "file": "file|file name|filename|attachment|document",
    "mime": "mime|mime type|content type|media type",
    "title": "title|subject|headline|heading|event|meeting|event name|task|book|movie|song|album|show|playlist"
    "|campaign|course|recipe|dish|game",
    "query": "query|search|search query|search term|question|q|keywords|term|prompt|phrase",
    "sentence": "description|text|content|message|body|comment|note|summary|reason|detail|caption|abstract|review"
    "|feedback|bio|instruction|explanation|statement|input|output|answer|response|remark|definition|thought"
    "|information|info|context|reasoning|rationale|analysis|paragraph|story|action item|step",
    "code_text": "source code|snippet|script|command|cmd",
    "sql": "sql|sql query",
    "gender": "gender|sex",
    "shape": "shape",
    "room": "room|room name",
    "cuisine": "cuisine",
    "genre": "genre",
    "platform": "platform|os|operating system|device",
    "file_format": "format|output format|file format|extension|file type",
    "extent": "priority|severity|difficulty|importance|urgency",
    "sort": "type|kind|class|variant",
    "weekday": "weekday|day of week|day name",
    "animal": "animal|pet|species",
    "food": "food|ingredient|meal|snack|drink|beverage",
    "sport": "sport",
    "team": "team",
    "airline": "airline|carrier",
    "order_field": "sort by|order by|group by|sort field",
    "secret": "api key|apikey|access token|auth token|secret|bearer token|jwt",
    "unit": "unit|units|measurement unit",
    "degree": "temperature unit|temp unit|degree",
    "status": "status|condition",
    "user_agent": "user agent",
    "number_text": "number|amount|price|quantity|count|age|year|size",
}  # fmt: skip
_BY_PHRASE = {phrase: kind for kind, phrases in _PHRASES.items() for phrase in phrases.split("|")}
# Too common in descriptions of other things to count there; only used in names.
_NAME_ONLY = frozenset({"to", "user", "item", "key", "code", "id", "text", "content", "body", "input", "output", "good",
                        "number", "state", "time", "day", "place", "resource", "token", "label", "term", "show", "due",
                        "detail", "information", "info", "context", "condition", "size", "count", "amount", "search",
                        "release", "step", "goods", "server", "message", "role", "mail", "position", "link",
                        "description", "response", "reason", "region", "owner", "author", "session", "reference",
                        "document", "file", "object", "question", "game", "event", "task", "note", "path", "branch",
                        "category", "host", "provider", "business", "person", "contact", "definition", "action",
                        "image", "script", "command", "prompt", "identifier", "query", "name", "title",
                        "status", "unit", "units", "version", "year", "stock", "product", "customer", "answer", "q",
                        "tag", "topic", "statement", "manager", "endpoint", "summary", "icon"})  # fmt: skip

# (low, high, decimals): phrases of property names.
_RANGES = {
    (18, 80, 0): "age",
    (5, 250, 2): "price|cost|amount|total|fee|subtotal|tax|balance|payment|fare|budget|discount amount|salary hourly",
    (28000, 120000, 0): "salary|income|revenue|annual income|population|mileage|principal|loan|investment|turnover",
    (1, 5, 0): "quantity|qty|rating|star|guest|adult|priority|passenger|room|child|level|ticket|people|night|seat|copy"
    "|serving|portion",
    (0, 100, 1): "percent|percentage|pct|humidity|progress|score|discount|battery",
    (-60, 65, 6): "latitude|lat",
    (-150, 150, 6): "longitude|lng|lon|long",
    (2020, 2026, 0): "year|fiscal year|founded|established",
    (1, 12, 0): "month",
    (1, 28, 0): "day|day of month",
    (0, 23, 0): "hour",
    (0, 59, 0): "second",
    (5, 90, 0): "minute|prep time|cook time|cooking time|preparation time",
    (1, 20, 0): "page|page number|limit|max result|top k|count|size|page size|n|per page|max|number|num|index|retry",
    (1, 100, 0): "id|number of|position|rank|order|offset|weight int",
    (50, 95, 1): "weight|weight kg",
    (155, 195, 0): "height cm|height",
    (-5, 32, 1): "temperature|temp",
    (1, 100, 1): "length|width|depth|distance|radius|area|volume|x|y|z|speed|base",
    (0, 1, 2): "probability|confidence|rate|ratio|interest rate|threshold|alpha|opacity|weight fraction|similarity",
    (1024, 49151, 0): "port",
    (30, 600, 0): "duration|timeout|ttl|interval|delay",
    (320, 1920, 0): "width px|height px|resolution",
    (1767225600, 1798761600, 0): "timestamp|epoch|unix time|created|updated",
    (1000, 5_000_000, 0): "byte|file size|content length",
    (10000, 99999, 0): "zip|zip code|postal code|account number|order number",
}
# Reliable kinds: examples in the description do not override them.
UNAMBIGUOUS = frozenset({"first_name", "last_name", "name", "user_name", "email", "phone", "password", "city",
                         "city_state", "state", "country", "country_code", "postcode", "street", "address", "company",
                         "currency", "airport", "url", "image_url", "hostname", "ip", "mac", "uuid", "isbn", "iban",
                         "card", "sentence"})  # fmt: skip
_RANGE_BY_PHRASE = {phrase: found for found, phrases in _RANGES.items() for phrase in phrases.split("|")}
ANY_RANGE = (1, 100, 2)

_STARTS = frozenset(phrase.partition(" ")[0] for phrase in (*_BY_PHRASE, *_RANGE_BY_PHRASE))

_NAME_OF = re.compile(r"\bname of (?:the |a |an |this )?(\w+)", re.I)
_SPAN = re.compile(r"\bin (?:years|months|weeks|days|hours)\b|\bnumber of (?:years|months|weeks|days|hours)\b", re.I)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def _words(text: str, limit: int = 12) -> list[str]:
    return list(map(_normalise_word, _WORD.findall(text)[:limit]))


@cache_short(8_192, 200)
def _normalise_word(word: str) -> str:
    return _singular(word.lower())


def _singular(word: str) -> str:
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-2] if word.endswith(("sses", "xes", "ches", "shes")) else word[:-1]


@cache_short(8_192, 200)
def singular(name: str) -> str:
    """Return the name of one item of a list: `city` for `cities`."""
    return _singular(name) if name.islower() else name[:-1] if name.endswith("s") and len(name) > 3 else name


def _phrases(words: list[str]) -> Iterator[str]:
    """Yield runs of up to three words that may be known phrases, from the end, longest first."""
    for end in range(len(words), 0, -1):
        for start in range(max(0, end - 3), end):
            if words[start] in _STARTS:
                yield " ".join(words[start:end])


@cache_short(8_192, 200)
def kind_of(name: str, description: str) -> str:
    """Return the kind of word (a key of the word lists) that a property holds; "" if unknown."""
    for phrase in _phrases(_words(name)[-6:]):
        if (kind := _BY_PHRASE.get(phrase)) is not None:
            return _refine(kind, description)
    words = _words(description[:200], 16)
    for start in range(len(words)):
        for size in (3, 2, 1) if words[start] in _STARTS else ():
            phrase = " ".join(words[start : start + size])
            if phrase not in _NAME_ONLY and (kind := _BY_PHRASE.get(phrase)) is not None:
                return "email" if kind == "name" and "email" in description.lower() else kind
    return "bearer" if named_thing(name) else ""


@cache_short(8_192, 200)
def named_thing(name: str) -> str:
    """Return the title of the named thing, `Hotel` for `hotel_name`; "" if the property is not such a name."""
    words = _words(name)
    return " ".join(words[:-1]).title() if len(words) > 1 and words[-1] == "name" else ""


@cache_short(8_192, 200)
def kind_of_name_property(owner: str, description: str) -> tuple[str, str]:
    """Return the kind of a property called `name`, and the title of the named thing.

    `owner` is the name of the property that contains the object, "" if there is none.
    """
    found = _NAME_OF.search(description)
    for noun in (found[1] if found else "", owner):
        words = " ".join(_words(noun))
        kind = "name" if words == "user" else _BY_PHRASE.get(words, "")
        if kind in UNAMBIGUOUS or kind in ("product", "airline", "sport", "animal", "food", "team"):
            return kind, ""
        if words:
            return "bearer", words.title()
    return "title", ""


# (kinds, words of which the description contains one, the more specific kind)
_REFINEMENTS = (
    ("city_state city", ("airport",), "airport"),
    ("country", ("code", "iso"), "country_code"),
    ("query", ("sql",), "sql"),
    ("unit", ("temperature", "celsius"), "degree"),
)


def _refine(kind: str, description: str) -> str:
    lower = description.lower()
    for kinds, words, finer in _REFINEMENTS:
        if kind in kinds.split() and any(word in lower for word in words):
            return finer
    if kind in ("city_state", "city"):
        return "city_state" if "city" in lower and "state" in lower else "city"
    if kind == "state" and not any(word in lower for word in ("province", "u.s", "us state", "region", "abbrev")):
        return "state" if lower else "status"
    if kind == "language_code" and "code" not in lower and "iso" not in lower:
        return "language"
    return kind


@cache_short(8_192, 200)
def usual_range(name: str, description: str) -> tuple[int, int, int]:
    """Return low, high and decimals of plausible numbers for a property."""
    if _SPAN.search(description):
        return (1, 14, 0)
    for text in (name, description[:120]):
        for phrase in _phrases(_words(text)[-12:]):
            if (found := _RANGE_BY_PHRASE.get(phrase)) is not None:
                return found
    return ANY_RANGE
