"""Localized word lists by kind, from Faker and fixed tables."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from gemulator.core.seed import Seed

_COUNT = 32

_FAKER_METHODS = {  # kind: Faker provider method
    "first_name": "first_name", "last_name": "last_name", "name": "name", "user_name": "user_name", "city": "city",
    "country": "country",  "postcode": "postcode", "street": "street_address",
    "company": "company", "job": "job", 
       
    "color": "safe_color_name", "hex_color": "hex_color", "phone": "phone_number", "mac": "mac_address",
    "isbn": "isbn13", "iban": "iban", "card": "credit_card_number", "file": "file_name",
    "mime": "mime_type", "user_agent": "user_agent", "password": "password", "ip": "ipv4_private", "uuid": "uuid4",
}  # fmt: skip

_WORD_LISTS = {
    "symbol": "AAPL|MSFT|GOOG|AMZN|NVDA|TSLA|META|NFLX|SAP|IBM|ORCL|INTC",
    "product": "wireless mouse|desk lamp|running shoes|coffee grinder|backpack|water bottle|bluetooth speaker|yoga mat"
    "|mechanical keyboard|winter jacket|phone case|cast iron pan",
    "title": "Quarterly review|Team offsite|Product launch|A walk by the sea|Weekly planning|The quiet harbor"
    "|Design workshop|Getting started|Summer in the city|Annual report|Project kickoff|Notes from the field",
    "query": "weather this weekend|best Italian restaurants nearby|how to learn Python|flights to Lisbon"
    "|quarterly sales report|renewable energy trends|wireless headphones under 100|history of jazz"
    "|healthy dinner recipes|open source licenses|electric cars 2026|train times tomorrow",
    "sentence": "The delivery arrived on time and everything works.|Please confirm the appointment by Friday."
    "|A short summary of the main points.|The meeting went well and the next steps are clear."
    "|Thank you for the quick reply.|Customers like the new layout."
    "|It needs one more review before the release.|The results were better than expected."
    "|Everything is ready for the launch next week.|The team agreed on a simpler plan."
    "|All open questions have been answered.|The first draft is finished.",
    "slug": "getting-started|release-notes|travel|summer-sale|technology|finance|health|music|design|team-updates"
    "|data-science|home-garden",
    "code_text": "print('hello, world')|ls -la|echo done|git status|python main.py|return a + b",
    "sql": "SELECT * FROM orders LIMIT 10|SELECT name FROM customers WHERE active = 1"
    "|SELECT count(*) FROM events|SELECT id, total FROM invoices ORDER BY total DESC",
    "path": "src/main.py|docs/readme.md|/home/user/report.txt|data/input.csv|src/app/index.ts"
    "|config/settings.yaml|notes/todo.md",
    "folder": "src|docs|/home/user/projects|data/exports|build|assets/images|config",
    "airport": "LIS|JFK|LHR|CDG|FRA|SFO|NRT|SIN|AMS|MAD|ORD|SYD",
    "shape": "circle|square|triangle|rectangle|hexagon",
    "room": "kitchen|living room|bedroom|bathroom|office|hallway|garage|dining room",
    "cuisine": "Italian|Mexican|Thai|Indian|Japanese|French|Greek|Lebanese",
    "genre": "drama|comedy|mystery|jazz|science fiction|rock|fantasy|documentary",
    "platform": "web|ios|android|windows|linux|macos",
    "file_format": "json|csv|pdf|txt|markdown|xml",
    "extent": "low|medium|high",
    "sort": "standard|basic|premium|custom|default",
    "weekday": "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday",
    "animal": "dog|cat|horse|rabbit|otter|owl",
    "food": "tomato|rice|salmon|lentils|apple|bread|coffee|basil",
    "sport": "football|tennis|basketball|swimming|cycling|volleyball",
    "team": "Harbor City Rovers|Northside United|Lakeside Falcons|Red Valley Bears",
    "country_airline": "Air Atlantic|Northern Airways|Pacific Wings|Blue Sky Airlines",
    "order_field": "date|name|price|created_at|relevance",
    "bearer": "harbor|meadow|copper|lantern|willow|summit|river|maple|horizon|compass|ember|canvas",
    "currency": "EUR|USD|GBP|JPY|CHF|CAD|AUD|SEK|BRL|INR",
    "language": "English|German|French|Spanish|Portuguese|Japanese|Italian|Korean|Arabic|Hindi",
    "language_code": "en|de|fr|es|pt|ja|it|ko|ar|hi",
    "locale": "en_US|de_DE|fr_FR|es_ES|pt_BR|ja_JP|it_IT|ko_KR",
    "country_code": "DE|US|FR|ES|PT|JP|GB|IT|BR|IN|KR|CA",
    "time_zone": "Europe/Berlin|America/New_York|Asia/Tokyo|Europe/Lisbon|UTC|America/Sao_Paulo|Asia/Kolkata",
    "gender": "female|male|non-binary",
    "unit": "pieces|grams|kilograms|liters|meters|boxes",
    "degree": "celsius|fahrenheit",
    "status": "active|pending|completed|open|approved|in progress",
    "word": "harbor|meadow|signal|copper|lantern|orbit|willow|summit|river|garden|maple|horizon|compass|ember|canvas"
    "|violet",
}


_PAGES = ("products", "docs", "news/42", "about", "blog/spring", "items/1017")


def _digits(count: int) -> Callable[[Any], str]:
    return lambda faker: str(faker.random_number(digits=count, fix_len=True))


_FAKER_RECIPES: dict[str, Callable[[Any], str]] = {
    "secondary": lambda faker: faker.bothify("Apt. ##?", letters="ABC"),
    "state": lambda faker: faker.administrative_unit() if hasattr(faker, "administrative_unit") else faker.city(),
    "city_state": lambda faker: (
        f"{faker.city()}, {faker.state_abbr()}" if hasattr(faker, "state_abbr") else faker.city()
    ),
    "address": lambda faker: f"{faker.street_address()}, {faker.city()}, {faker.postcode()}",
    "secret": lambda faker: faker.bothify("key-????????????????", letters="abcdef0123456789"),
    "email": lambda faker: f"{_ascii_login(faker)}@{faker.safe_domain_name()}",
    "hostname": lambda faker: f"{faker.random_element(('api', 'www', 'mail', 'app'))}.{faker.safe_domain_name()}",
    "url": lambda faker: f"https://www.{faker.safe_domain_name()}/{faker.random_element(_PAGES)}",
    "image_url": lambda faker: f"https://images.{faker.safe_domain_name()}/{faker.random_number(4)}.jpg",
    "sku": lambda faker: faker.bothify("???-####-??", letters="ABCDEFGHJKLMNPRSTUVWX"),
    "code": lambda faker: faker.bothify("??####", letters="ABCDEFGHJKLMNPRSTUVWX"),
    "identifier": lambda faker: faker.bothify("?##?####", letters="abcdefhkmnprstuvwx"),
    "version": lambda faker: faker.numerify("%.#.#"),
    "number_text": _digits(2),
}


def _ascii_login(faker: Any) -> str:
    return re.sub(r"[^a-z0-9.]+", "", str(faker.ascii_safe_email()).partition("@")[0]) or "ada.lopez"


@lru_cache(maxsize=64)
def _faker(locale: str) -> Any:
    from faker import Faker

    try:
        faker = Faker(locale, use_weighting=False)
    except AttributeError:  # a locale that Faker does not support
        faker = Faker("en_US", use_weighting=False)
    return faker


@lru_cache(maxsize=2048)
def _words_of(locale: str, kind: str) -> tuple[str, ...]:
    faker = _faker(locale)  # imported on the first word of any kind, so that no later one waits for it
    if kind in _WORD_LISTS:
        return tuple(_WORD_LISTS[kind].split("|"))
    faker.seed_instance(Seed.root("words", locale, kind).number())
    make = _FAKER_RECIPES.get(kind) or (lambda source: str(getattr(source, _FAKER_METHODS[kind])()))
    return tuple(dict.fromkeys(make(faker) for _ in range(_COUNT)))


def fixed_words(kind: str) -> tuple[str, ...]:
    """Return the fixed words of a kind; empty for kinds that Faker provides."""
    return tuple(_WORD_LISTS[kind].split("|")) if kind in _WORD_LISTS else ()


class Words:
    """Words of one locale."""

    def __init__(self, locale: str) -> None:
        self._locale = locale

    def pick(self, kind: str, seed: Seed) -> str:
        """Return a word of that kind, or a generic one if the kind is unknown."""
        known = kind in _WORD_LISTS or kind in _FAKER_RECIPES or kind in _FAKER_METHODS
        return seed.pick(_words_of(self._locale, kind if known else "word"))
