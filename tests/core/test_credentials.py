"""Finder of credentials."""

import pytest

from gemulator.core.credentials import Redactor, find_credentials, redact

GOOGLE = b"AIza" + b"x" * 35
KEYS = {
    "a Google API key": GOOGLE,
    "a Google access token": b"ya29." + b"a" * 30,
    "a Google OAuth secret": b"GOCSPX-" + b"a" * 28,
    "an OpenAI key": b"sk-proj-" + b"a1" * 20,
    "an AWS key": b"AKIAABCDEFGHIJKLMNOP",
    "a GitHub token": b"ghp_" + b"a1" * 18,
    "a Slack token": b"xoxb-" + b"1" * 24,
    "a private key": b"-----BEGIN RSA PRIVATE KEY-----\\nMIIE\\/+=\\n-----END RSA PRIVATE KEY-----",
}


@pytest.mark.parametrize("kind", KEYS)
def test_credentials_are_found_and_redacted(kind: str) -> None:
    data = b'{"content": "key: ' + KEYS[kind] + b'", "n": 1}'
    assert list(find_credentials(data)) == [kind]
    assert redact(data) == b'{"content": "key: (redacted: %s)", "n": 1}' % kind.encode()


@pytest.mark.parametrize(
    "text",
    [
        b"the task-management-for-large-teams-in-production-environments",
        b"AIza is how they begin",
        b"sk-learn",
        b"AKIAABCDEFGHIJKLMNOPQRST",
        b"PRIVATE KEY-----",
    ],
)
def test_other_texts_stay(text: bytes) -> None:
    assert redact(text) is text


def test_escaped_credentials_are_found() -> None:
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in GOOGLE.decode()).encode()
    assert Redactor().json(b'{"a": ["' + escaped + b'"]}') == b'{"a":["(redacted: a Google API key)"]}'


def test_patterns_find_decoded_texts() -> None:
    redactor = Redactor([r"Müller \d+", r'say "\w+"'])
    assert redactor.json(b'{"M\\u00fcller 1": "I say \\"hunter2\\"."}') == (
        b'{"(redacted: --redact 1)":"I (redacted: --redact 2)."}'
    )
    assert redactor.text("Müller 12!") == "(redacted: --redact 1)!"
    assert redactor.json(b"no JSON, M\xc3\xbcller 7") == b"no JSON, (redacted: --redact 1)"
