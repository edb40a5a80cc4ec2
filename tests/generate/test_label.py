"""The letters of a picture's label: found in a font, in the forms and the order in which they are drawn."""

import pytest

from gemulator.generate.image.label import Script, break_points, font, script_of, shape, writable


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("A café in Zürich", "latin"),
        ("Маяк на берегу", "latin"),
        ("東京タワー at night", "cjk"),
        ("눈 덮인 산", "cjk"),
        ("قارب في البحر", "arabic"),
        ("हिमालय की यात्रा", "devanagari"),
        ("2026!", "latin"),
        ("", "latin"),
    ],
)
def test_the_script_of_most_letters(text: str, script: Script) -> None:
    assert script_of(text) == script


@pytest.mark.parametrize(
    "text",
    [
        "Žluťoučký kůň, Größe, naïve – “quoted”", "Ένα λευκό σπίτι", "Съешь ещё этих булок",
        "桜の下の小さな茶室、朝霧の京都。", "春天的湖边有一座小桥，很美！", "눈 덮인 산과 작은 오두막",
        "قارب صغير في البحر عند الغروب، ٢٠٢٦؟", "हिमालय में सूर्योदय",
    ],
)  # fmt: skip
def test_every_letter_of_these_languages_has_a_glyph(text: str) -> None:
    script = script_of(text)
    assert writable(text, script) == text
    letters = font(script, 20)
    unknown = bytes(letters.getmask("\U000fffff"))
    assert not [letter for letter in shape(text, script) if bytes(letters.getmask(letter)) == unknown]


def test_what_no_font_has_is_left_out_and_mostly_lost_texts_are_not_written() -> None:
    assert writable("A café 🌸 picture", "latin") == "A café picture"
    assert writable("ภาพวาดของทะเล", "latin") == ""


def test_arabic_letters_join_and_run_from_right_to_left_but_for_numbers() -> None:
    assert shape("بيت", "arabic") == "\ufe96\ufef4\ufe91"  # final teh, medial yeh, initial beh, from left to right
    assert shape("سلام", "arabic") == "\ufee1\ufefc\ufeb3"  # lam and alef are one letter
    assert shape("بيت 2026", "arabic") == "2026 \ufe96\ufef4\ufe91"
    assert shape("(بيت)", "arabic") == "(\ufe96\ufef4\ufe91)"


def test_a_short_i_stands_before_its_consonants() -> None:
    assert shape("हिन्दी", "devanagari") == "िहन्दी"
    assert shape("स्थिति", "devanagari") == "िस्थित"


def test_lines_break_between_characters_where_there_are_no_blanks() -> None:
    assert break_points("東京のTokyo 塔", "cjk") == ["東", "京", "の", "Tokyo", " 塔"]
    assert break_points("two words", "latin") == ["two", " words"]
