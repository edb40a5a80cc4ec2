"""Topic of a prompt: its nouns, found without a dictionary."""

import re
from collections.abc import Callable, Iterator

from msgspec import Struct

from gemulator.generate.text.languages.language import Language
from gemulator.generate.text.languages.word_blocks import words

_MOST_READ = 600
_LONGEST = 48

_TOKEN = re.compile(
    r"[ldLD]['’](?=\w)|[^\W_][\w\u0610-\u061a\u064b-\u065f\u0900-\u0963]*(?:[-'’.+#][\w+#]+)*\+*|[^\w\s]"
)
_ARTICLES = {
    "en": frozenset(words("a an the my your our")),
    "fr": frozenset(words("le la les un une des l' l’ mon ma mes votre vos notre nos")),
    "es": frozenset(words("el la los las un una mi tu")),
    "pt": frozenset(words("o a os as um uma")),
}
_LINKS = {
    "en": frozenset(("of",)),
    "fr": frozenset(words("de du d' d’ en à")),
    "es": frozenset(words("de del")),
    "pt": frozenset(words("de do da dos das")),
}
_TURNED = {
    "my": "your",
    "our": "your",
    "your": "my",
    "mon": "votre",
    "ma": "votre",
    "mes": "vos",
    "mi": "tu",
    "des": "les",
}
# A word after these is a verb, not a topic.
_BEFORE_VERBS = frozenset(words("who that which to where they we i you qui que quien"))
_BEFORE_TOPICS = frozenset(
    words("about of on regarding explain describe sur sobre about para acerca del explique explica")
)
_AFTER_ASKING = frozenset(words("for to that about if whether"))
_OBJECTS = frozenset(words("this that these those up it me us all some"))
_AFTER_NOUNS = frozenset(
    words(
        """
        blue red green hot cold important big small different popular famous useful good bad possible necessary hard
        easy expensive cheap dangerous safe new old fast slow called named importante importantes important bleu
        azul differ works happen
        """
    )
)
_AFTER_LANGUAGES = frozenset(words("function script program class code snippet query fonction función função"))
_JOINTS = frozenset("和与と")
_HANGUL_ENDINGS = re.compile(r"(?:에서는|에서|에게|으로|까지|부터|에는|은|는|이|가|을|를|의|에|와|과|로|도|만)$")
_RUN = {
    "ja": re.compile(r"[\u3400-\u9fff々]+|[\u30a0-\u30ff]{2,}|[A-Za-z][\w+#.-]+"),
    "zh": re.compile(r"[\u3400-\u9fff]+|[A-Za-z][\w+#.-]+"),
}
_GERMAN_NOUN = re.compile(r"(?:\b[a-zäöüß]{4,}(?:e|er|es|en)\s+)?\b[A-ZÄÖÜ][\wäöüß-]+(?:\s+[A-ZÄÖÜ][\wäöüß-]+)*")


class Topic(Struct, frozen=True):
    """A topic. `main` and `other` keep the article of the prompt; `title` has none.

    Both are "" if the prompt names none.
    """

    main: str
    other: str
    title: str


def topic_of(prompt: str, language: Language) -> Topic:
    """Return the topic of a prompt, or the language's word for "this question"."""
    finder = _FINDERS.get(language.code, _find_by_words)
    found = [noun for noun in dict.fromkeys(finder(prompt[:_MOST_READ], language)) if len(noun) <= _LONGEST]
    if not found:
        return Topic("", "", language.topic)
    main = found[0]
    others = [noun for noun in found[1:] if noun.lower() not in main.lower() and main.lower() not in noun.lower()]
    return Topic(main, others[0] if others else "", _without_article(main, language))


def _without_article(noun: str, language: Language) -> str:
    first, _, rest = noun.partition(" ")
    if rest and first.lower() in _ARTICLES.get(language.code, ()):
        return rest
    return re.sub(r"^[lL]['’]", "", noun)


def _find_by_words(prompt: str, language: Language) -> Iterator[str]:
    """Yield runs of words other than stop words; those after "about" and similar words first."""
    tokens = _TOKEN.findall(prompt)
    kinds = _kinds(tokens, language)
    later: list[str] = []
    for match in _PHRASE.finditer(kinds):
        noun = _phrase(tokens[match.start() : match.end()], language)
        before = tokens[match.start() - 1].lower() if match.start() else ""
        if noun and before in _BEFORE_TOPICS:
            yield noun
        elif noun:
            later.append(noun)
    yield from later


# One letter a token: an Article, a Link as "of", a Content word, a Verb to be left out, a Stop word or sign.
_PHRASE = re.compile("A?C{1,4}(?:LA?C{1,2})?")


def _kinds(tokens: list[str], language: Language) -> str:
    articles = _ARTICLES.get(language.code, frozenset())
    links = _LINKS.get(language.code, frozenset())
    kinds: list[str] = []
    for at, token in enumerate(tokens):
        lower = token.lower()
        if lower in articles:
            kinds.append("A")
        elif lower in links:
            kinds.append("L")
        elif (
            lower.split("-")[0] in language.stop_words
            or lower in language.stop_words
            or not any(map(str.isalpha, token))
            or len(token) < 2
        ):
            kinds.append("S")
        else:
            kinds.append("V" if _is_verb(tokens, at, articles) else "C")
    return "".join(kinds)


def _is_verb(tokens: list[str], at: int, articles: frozenset[str]) -> bool:
    """Return True if the neighbours suggest a verb: "who finds", "Fix this", "learning the piano"."""
    after = tokens[at + 1].lower() if at + 1 < len(tokens) else ""
    does = (tokens[at].endswith("ing") or at == 0) and (after in articles or after in _OBJECTS)
    if tokens[at].endswith("ing") and at > 1 and tokens[at - 2].lower() in articles:
        does = does or after in _AFTER_ASKING  # "my boss asking for"
    return does or after in _AFTER_LANGUAGES or (at > 0 and tokens[at - 1].lower() in _BEFORE_VERBS)


def _phrase(tokens: list[str], language: Language) -> str:
    while tokens and tokens[-1].lower() in _AFTER_NOUNS:
        tokens.pop()
    if not tokens or (tokens[0].lower() in _ARTICLES.get(language.code, ()) and len(tokens) == 1):
        return ""
    first = tokens[0].lower()
    if first in _TURNED or first in _ARTICLES.get(language.code, ()):
        tokens[0] = _TURNED.get(first, first)
    elif language.code in ("fr", "es", "pt") and tokens[0][1:].islower():
        tokens[0] = first
    return re.sub(r"(['’]) ", r"\1", " ".join(tokens))


def _find_german(prompt: str, language: Language) -> Iterator[str]:
    """Yield capitalised nouns with the adjective before them."""
    for match in _GERMAN_NOUN.finditer(prompt):
        kept = [word for word in match[0].split() if word.lower() not in language.stop_words]
        if kept and kept[-1][0].isupper():
            yield " ".join(kept)


def _find_runs(prompt: str, language: Language) -> Iterator[str]:
    """Yield runs of Han characters or katakana between stop words."""
    stops = sorted(language.stop_words - _JOINTS, key=lambda word: (-len(word), word))
    bare = re.sub("|".join(map(re.escape, stops)), " ", prompt)
    found = list(_RUN[language.code].finditer(re.sub(f"[{''.join(sorted(_JOINTS))}]", "+", bare)))
    # A single character may be half a word, unless it is part of an enumeration.
    yield from (run[0] for run in sorted(found, key=lambda run: len(run[0]) < 2 and "+" not in _neighbours(run)))


def _neighbours(run: re.Match[str]) -> str:
    return run.string[max(0, run.start() - 1) : run.end() + 1]


def _find_korean(prompt: str, language: Language) -> Iterator[str]:
    """Yield words without particles; two adjacent ones form one topic."""
    for clause in re.split(r"[^\w\s]+", prompt):
        run: list[str] = []
        for word in [*clause.split(), "|"]:
            bare = _HANGUL_ENDINGS.sub("", word) if len(word) > 2 else re.sub("[에을를]$", "", word)
            if word in language.stop_words or bare in language.stop_words or word == "|":
                yield from (" ".join(run),) if run else ()
                run = []
            else:
                run.append(bare)
                if bare != word:
                    yield " ".join(run)
                    run = []


_FINDERS: dict[str, Callable[[str, Language], Iterator[str]]] = {
    "de": _find_german,
    "ja": _find_runs,
    "zh": _find_runs,
    "ko": _find_korean,
}
