"""VS Code's YAML server with our schema: it offers what may stand there, explains it, and flags what may not.

`npm install --prefix tests/node` brings the server.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gemulator.core.folders import shipped_scenarios
from gemulator.scenario.replies import KINDS, PARTS

SERVER = Path(__file__).parents[1] / "node/node_modules/yaml-language-server/bin/yaml-language-server"
pytestmark = pytest.mark.skipif(
    not SERVER.is_file() or shutil.which("node") is None, reason="yaml-language-server is not installed in tests/node"
)

SETTINGS = {"validate": True, "completion": True, "hover": True, "schemaStore": {"enable": False}}


class Editor:
    """An editor with one file, over the server's standard input and output."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            ["node", str(SERVER), "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        shutil.copy(shipped_scenarios() / "scenario.schema.json", folder)
        self._uri = (folder / "own.yaml").as_uri()
        self._number = 0
        capabilities = {"workspace": {"configuration": True}, "textDocument": {"hover": {}, "completion": {}}}
        self.ask("initialize", processId=None, rootUri=folder.as_uri(), capabilities=capabilities)
        self._send({"method": "initialized", "params": {}})

    def open(self, text: str) -> None:
        text = f"# yaml-language-server: $schema=./scenario.schema.json\n{text}"
        document = {"uri": self._uri, "languageId": "yaml", "version": 1, "text": text}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": document}})

    def ask(self, method: str, **parameters: Any) -> Any:
        """The result of a request; what the server asks meanwhile is answered."""
        self._number += 1
        number = self._number
        self._send({"id": number, "method": method, "params": parameters})
        return next(message["result"] for message in self._messages() if message.get("id") == number)

    def at(self, method: str, line: int, character: int) -> Any:
        """What the server says of a place; line 0 is the first after the comment."""
        position = {"line": line + 1, "character": character}
        return self.ask(method, textDocument={"uri": self._uri}, position=position)

    def diagnostics(self) -> list[str]:
        """The next complaints about the file."""
        published = (m for m in self._messages() if m.get("method") == "textDocument/publishDiagnostics")
        return [entry["message"] for entry in next(published)["params"]["diagnostics"]]

    def _send(self, message: dict[str, Any]) -> None:
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        self._process.stdin.flush()

    def _messages(self) -> Iterator[dict[str, Any]]:
        assert self._process.stdout is not None
        while True:
            size = 0
            while (line := self._process.stdout.readline()) not in {b"\r\n", b""}:
                name, _, value = line.partition(b":")
                size = int(value) if name.lower() == b"content-length" else size
            assert size, "the server has ended"
            message = json.loads(self._process.stdout.read(size))
            if "id" in message and "method" in message:
                items = message.get("params", {}).get("items", [])
                answer = [SETTINGS if item.get("section") == "yaml" else {} for item in items]
                self._send({"id": message["id"], "result": answer})
            else:
                yield message

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def editor(tmp_path: Path) -> Iterator[Editor]:
    editor = Editor(tmp_path)
    yield editor
    editor.close()


def labels(completion: Any) -> set[str]:
    items = completion["items"] if isinstance(completion, dict) else completion
    return {item["label"] for item in items}


@pytest.mark.parametrize(
    ("text", "line", "character", "kinds"),
    [
        ("turns:\n  - reply:\n      \n", 2, 6, KINDS.keys()),
        ("turns:\n  - reply:\n      - \n", 2, 8, {kind.key for kind in PARTS}),
    ],
)
def test_completion_offers_exactly_the_reply_kinds(
    editor: Editor, text: str, line: int, character: int, kinds: set[str]
) -> None:
    editor.open(text)
    offered = labels(editor.at("textDocument/completion", line, character))
    assert offered - {"- (array item) object", "- (array item)"} == {*kinds, "include"}


def test_completion_inside_a_part_offers_its_keys(editor: Editor) -> None:
    editor.open("turns:\n  - reply:\n      - call: get_weather\n        \n")
    offered = labels(editor.at("textDocument/completion", 3, 8))
    assert offered == {"with", "arguments", "chunks", "id", "thought_signature"}


def test_hover_shows_what_a_key_means(editor: Editor) -> None:
    editor.open("turns:\n  - when: { user: hi }\n    reply:\n      - call: get_weather\n")
    assert "Name of the tool." in json.dumps(editor.at("textDocument/hover", 3, 9))
    assert "Newest user turn: all user messages in a row" in json.dumps(editor.at("textDocument/hover", 1, 13))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("turns:\n  - when: { usr: hi }\n    reply: ok\n", ["Property usr is not allowed."]),
        ("turns:\n  - reply: { txt: hi }\n", ["Property txt is not allowed."]),
        ("turns:\n  - reply: [{ call: f, wth: {} }]\n", ["Property wth is not allowed."]),
        ("turns:\n  - times: many\n    reply: ok\n", ['Incorrect type. Expected "integer".']),
        ("turns:\n  - when: { user: hi }\n    reply: [{ text: ok, chunks: { words: 1 } }, { include: _a.yaml }]\n", []),
    ],
)
def test_a_wrong_key_is_flagged(editor: Editor, text: str, said: list[str]) -> None:
    editor.open(text)
    assert editor.diagnostics() == said
