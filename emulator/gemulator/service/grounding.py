"""Google Search grounding metadata of an answer (fidelity.md, Grounding)."""

import re
from typing import Any

from gemulator.core.seed import Seed

_SITES = ("wikipedia.org", "britannica.com", "nature.com", "bbc.com", "nationalgeographic.com", "reuters.com")
_SENTENCE = re.compile(r"[^\s].*?(?:[.!?…。](?=\s|$)|$)", re.S)
_MAX_SENTENCES = 3  # with a support entry


def grounding(seed: Seed, question: str, text: str) -> dict[str, Any]:
    """Return the `grounding_metadata` of an answer: pages, and the sentences that each supports.

    Offsets count bytes of UTF-8. A 0 is omitted, as in all of Google's messages.
    """
    order = sorted(_SITES, key=lambda site: seed.child(site).number())
    sentences = list(_SENTENCE.finditer(text))[:_MAX_SENTENCES]
    sites = order[: max(1, len(sentences))]
    query = " ".join(question.split())[:80] or "news"
    return {
        "grounding_chunks": [_chunk(site, query) for site in sites],
        "grounding_supports": [_support(text, sentence, index) for index, sentence in enumerate(sentences)],
        "search_entry_point": {"rendered_content": f'<div class="container">{_escape(query)}</div>'},
        "web_search_queries": [query],
    }


def _chunk(site: str, query: str) -> dict[str, Any]:
    slug = "-".join(re.findall(r"\w+", query.lower())) or "article"
    return {"web": {"domain": site, "title": site, "uri": f"https://www.{site}/{slug}"}}


def _support(text: str, sentence: "re.Match[str]", index: int) -> dict[str, Any]:
    start, end = (len(text[:at].encode("utf-8", "surrogatepass")) for at in sentence.span())
    segment: dict[str, Any] = {"end_index": end} | ({"start_index": start} if start else {})
    return {"grounding_chunk_indices": [index], "segment": segment | {"text": sentence.group()}}


def _escape(text: str) -> str:
    from html import escape

    return escape(text)
