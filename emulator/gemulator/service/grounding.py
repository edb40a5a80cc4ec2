"""The grounding of an answer in web pages: what Google Search adds to it (fidelity.md, Grounding)."""

import re
from typing import Any

from gemulator.core.seed import Seed

_SITES = ("wikipedia.org", "britannica.com", "nature.com", "bbc.com", "nationalgeographic.com", "reuters.com")
_SENTENCE = re.compile(r"[^\s].*?(?:[.!?…。](?=\s|$)|$)", re.S)
_MOST = 3  # sentences that are supported


def grounding(seed: Seed, question: str, text: str) -> dict[str, Any]:
    """`grounding_metadata` of an answer: the pages, and which of them supports which sentence.

    Offsets count bytes of UTF-8; a 0 is left out, as in all of Google's messages.
    """
    order = sorted(_SITES, key=lambda site: seed.child(site).number())
    sentences = list(_SENTENCE.finditer(text))[:_MOST]
    sites = order[: max(1, len(sentences))]
    query = " ".join(question.split())[:80] or "news"
    return {
        "grounding_chunks": [_chunk(site, query) for site in sites],
        "grounding_supports": [_support(text, found, index) for index, found in enumerate(sentences)],
        "search_entry_point": {"rendered_content": f'<div class="container">{_escaped(query)}</div>'},
        "web_search_queries": [query],
    }


def _chunk(site: str, query: str) -> dict[str, Any]:
    slug = "-".join(re.findall(r"\w+", query.lower())) or "article"
    return {"web": {"domain": site, "title": site, "uri": f"https://www.{site}/{slug}"}}


def _support(text: str, found: "re.Match[str]", index: int) -> dict[str, Any]:
    start, end = (len(text[:at].encode("utf-8", "surrogatepass")) for at in found.span())
    segment: dict[str, Any] = {"end_index": end} | ({"start_index": start} if start else {})
    return {"grounding_chunk_indices": [index], "segment": segment | {"text": found.group()}}


def _escaped(text: str) -> str:
    from html import escape

    return escape(text)
