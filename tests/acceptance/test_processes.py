"""A hundred test processes on one server: none sees what another stubbed, counted or asked."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from gemulator import Emulator

# What each does, with nothing but the standard library: stub, ask three times, look, check.
PROCESS = r"""
import json, sys
from http.client import HTTPConnection

place, number = sys.argv[1:]
connection = HTTPConnection(place)

def ask(method, path, body=None, **headers):
    connection.request(method, path, body and json.dumps(body), headers)
    response = connection.getresponse()
    return response.status, json.loads(response.read())

scenario = "turns: [{when: {user: hi}, times: 1, reply: {error: 429}}, {when: {user: hi}, reply: I am %s.}]" % number
_, made = ask("POST", "/__emulator/sessions", {"unmatched": "error", "seed": number, "scenarios": {"own": scenario}})
key = {"Authorization": "Bearer " + made["token"]}
chat = "/v1/projects/p/locations/global/endpoints/openapi/chat/completions"
hi = {"model": "google/m", "messages": [{"role": "user", "content": "hi"}]}
input()  # until all are here
answers = [ask("POST", chat, hi, **key) for _ in range(3)]
said = [status if status != 200 else tree["choices"][0]["message"]["content"] for status, tree in answers]
_, page = ask("GET", "/__emulator/journal?session=" + made["session"])
checks = {"session": made["session"], "none_unmatched": True, "times_used": True}
verified, _ = ask("POST", "/__emulator/verify", checks)
print(json.dumps([said, len(page["entries"]), verified, made["session"]]))
"""
COUNT = 100


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator() as running:
        yield running


def test_a_hundred_processes(emulator: Emulator) -> None:
    place = emulator.url.removeprefix("http://")
    started = [
        subprocess.Popen(
            [sys.executable, "-S", "-c", PROCESS, place, str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(COUNT)
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    said = [json.loads(process.communicate()[0]) for process in started]
    assert [one[:3] for one in said] == [
        [[429, f"I am {number}.", f"I am {number}."], 3, 200] for number in range(COUNT)
    ]
    assert len({one[3] for one in said}) == COUNT
    assert {one["entries"] for one in emulator.admin.sessions() if one["session"] != "default"} == {3}
