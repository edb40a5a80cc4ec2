"""The golden page: forty prompts and their answers. `python -m tests.generate.test_golden_prompts` writes it."""

from pathlib import Path

from gemulator.core.seed import Seed
from gemulator.generate.text.answer import answer, report, thought

PAGE = Path(__file__).parents[1] / "golden" / "prompts.md"

PROMPTS = (
    "Hello!",
    "Why is the sky blue?",
    "Explain how bees make honey.",
    "What is the difference between a lake and a pond?",
    "Tell me about the history of tea in 50 words.",
    "Describe my dog in five words.",
    "In two sentences, what is quantum entanglement?",
    "Briefly: what is a black hole?",
    "Write an essay about lighthouses.",
    "Write a short story about a clockmaker who repairs time.",
    "Give me five tips for learning the piano.",
    "List three reasons to visit Lisbon in winter.",
    "Compare cats and dogs in a table.",
    "Write a Python function that reverses a string.",
    "Show me a TypeScript function that removes duplicates from a list.",
    "I need an SQL query for the best customers.",
    "Write a poem about the sea.",
    "How do I bake sourdough bread at home?",
    "Should our team move to a monorepo?",
    "😀?",
    "Hallo!",
    "Erkläre mir bitte, wie künstliche Intelligenz funktioniert.",
    "Nenne drei Tipps für einen Garten im Herbst.",
    "Schreibe ein Gedicht über den Schwarzwald.",
    "Explique-moi le cycle de l'eau en deux phrases.",
    "Quelle est la différence entre le beurre et la margarine ?",
    "Donne-moi quatre idées pour un pique-nique.",
    "¿Cómo funciona la energía solar?",
    "Haz una tabla sobre los planetas.",
    "Escreva sobre a floresta amazônica.",
    "Dê três dicas para aprender violão.",
    "桜について教えてください。",
    "富士山に登る手順を3つ挙げてください。",
    "请写一段关于春天的文字。",
    "用表格比较茶和咖啡。",
    "인공지능은 어떻게 작동하나요?",
    "봄에 대한 시를 써줘.",
    "ما هي الطاقة الشمسية؟",
    "मुझे चाय के बारे में बताओ।",
    "हिमालय की यात्रा के लिए तीन सुझाव दो।",
)
RESULTS: tuple[tuple[str, list[tuple[str, object]]], ...] = (
    (
        "What is the weather like in Boston?",
        [("get_weather", {"temperature": 21.5, "unit": "celsius", "sky": "clear"})],
    ),
    ("Wie spät ist es in Tokio?", [("get_time", "23:45")]),
    (
        "Find me a flight to Rome.",
        [("search_flights", [{"flight": "LH 232", "price": 129}, {"flight": "AZ 419", "price": 98}])],
    ),
    (
        "Weather in Paris and Oslo?",
        [("get_weather", {"celsius": 18}), ("get_weather", {"error": "no such city: Oslo"})],
    ),
)


def page() -> str:
    """All of it in Markdown."""
    parts = ["# Forty prompts and their answers", "Written by `python -m tests.generate.test_golden_prompts`."]
    for number, prompt in enumerate(PROMPTS, 1):
        seed = Seed.root("golden", prompt)
        parts += [f"## {number}. {prompt}", f"*{thought(seed.child('thought'), prompt)}*", answer(seed, prompt)]
    parts.append("# After a tool's result")
    for prompt, results in RESULTS:
        parts += [f"## {prompt}", report(Seed.root("golden", prompt), prompt, results)]
    return "\n\n".join(parts) + "\n"


def test_the_page_is_what_the_code_writes() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
