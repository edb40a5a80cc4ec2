"""Caches for functions of texts."""

from gemulator.core.text_cache import CostCache, cache_short, cache_texts


def test_long_texts_are_computed_anew() -> None:
    calls: list[tuple[str, ...]] = []

    @cache_short(10, 3)
    def joined(*texts: str) -> str:
        calls.append(texts)
        return "".join(texts)

    for _ in range(2):
        assert joined("abc", "") == "abc"
        assert joined("a", "long") == "along"
    assert calls == [("abc", ""), ("a", "long"), ("a", "long")]


def test_few_long_texts_are_cached() -> None:
    calls: list[str] = []

    @cache_texts(10, 3, 2)
    def upper(text: str) -> str:
        calls.append(text)
        return text.upper()

    for text in ("long1", "long2", "long1", "long3", "long1", "long2"):
        assert upper(text) == text.upper()
    assert calls == ["long1", "long2", "long3", "long2"]


def test_dear_values_make_others_leave() -> None:
    cache: CostCache[str, int] = CostCache(100)
    cache.store("a", 1, 40)
    cache.store("b", 2, 40)
    assert cache.get("a") == 1
    cache.store("c", 3, 40)
    assert [cache.get(key) for key in "abc"] == [1, None, 3]
    cache.store("d", 4, 1_000)
    assert [cache.get(key) for key in "abcd"] == [None, None, None, 4]
    cache.store("d", 5, 10)
    assert (cache.get("d"), cache.cost) == (5, 10)
