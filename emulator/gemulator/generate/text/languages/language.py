"""Model and detection of a language."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib import import_module

from msgspec import Struct, field

# By script, then by stop words for Latin script.
_SCRIPTS = (
    ("ja", re.compile(r"[\u3041-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7a3\u1100-\u11ff]")),
    ("zh", re.compile(r"[\u3400-\u9fff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
)
KNOWN = ("en", "de", "fr", "es", "pt", "ja", "zh", "ko", "ar", "hi")


class Language(Struct, frozen=True):
    """Sentences and words of a language. `{t}` in a sentence is the topic, `{o}` another noun of the prompt, `{n}` a first name.

    `numerals` are the words for one, two, three …; `story` holds openings, body and closings of a tale.
    """

    code: str
    locale: str
    openings: tuple[str, ...]
    body: tuple[str, ...]
    closings: tuple[str, ...]
    thoughts: tuple[str, ...]
    greetings: tuple[str, ...]
    points: tuple[tuple[str, str], ...]
    traits: tuple[str, ...]
    columns: tuple[str, str, str]
    headings: tuple[str, ...]
    found: tuple[str, ...]
    leads: Mapping[str, tuple[str, ...]]
    conjunction: str
    topic: str
    stop_words: frozenset[str]
    wishes: Mapping[str, str]
    numerals: tuple[str, ...] = ()
    story: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]] | None = None
    space: str = " "
    stop: str = "."
    mend: Callable[[str], str] = field(default=str)


@lru_cache(maxsize=len(KNOWN))
def language(code: str) -> Language:
    """Return the language of that code; English if unknown."""
    known = code if code in KNOWN else "en"
    found: Language = import_module(f"gemulator.generate.text.languages.{known}").LANGUAGE
    return found


_LITTLE = {
    "en": "the of and to is in that it for you what how with are this write a an me my about hello hi hey please",
    "de": "der sich man auch es aber die das und ist ein eine nicht mit zu den von auf wie was für ich mir bitte über schreibe erkläre im dem hallo guten danke dank vielen wer bist kannst nenne",
    "fr": "le la les se ne pas plus qu on ce cela mais sa son des une est et dans pour que qui sur avec moi quel quelle comment pourquoi écris du au un ce bonjour salut merci donne",
    "es": "el la los las una un más pero como no su muy cuando hay se al esta quien es y en para que por con del sobre qué cómo cuál un escribe dame al se lo hola gracias haz",
    "pt": "o a os as ao mais mas não se sua uma é e em para que por com do da sobre como qual um escreva não me dos das no na você olá oi obrigado obrigada quem fale explique liste dê quais",
    "it": "il lo gli una è e di per che con del della come quale un scrivi non mi sul nel cosa ciao grazie",
    "nl": "de het een en is van in dat op voor met hoe wat schrijf over niet mij je ik",
}
_WEIGHTS = {code: frozenset(block.split()) for code, block in _LITTLE.items()}
_SIGNS = {"de": "äöüß", "fr": "èùœîûë", "es": "ñ¿¡", "pt": "ãõ"}
_WORD = re.compile(r"[^\W\d_]+")


def detect(text: str) -> str:
    """Return the language code of `text`, by script and then by stop words; "en" if undecided."""
    sample = text[:2000]
    best, most = "", sum(map(str.isalpha, sample)) / 4
    for code, script in _SCRIPTS:
        letters = len(script.findall(sample))
        if (letters and letters > most) or (code == "ja" and letters >= 2 and best == ""):
            best, most = code, letters
            if code == "ja":
                break
    return best or _by_words(sample.lower())


def _by_words(text: str) -> str:
    words = _WORD.findall(text)
    scores = {code: sum(word in known for word in words) for code, known in _WEIGHTS.items()}
    for code, signs in _SIGNS.items():
        scores[code] += 2 * any(sign in text for sign in signs)
    return max(scores, key=lambda code: scores[code])
