"""The same without pytest's fixtures."""

import unittest

from gemulator import Emulator


class Greeting(unittest.TestCase):
    emulator: Emulator

    @classmethod
    def setUpClass(cls) -> None:
        cls.emulator = Emulator(unmatched="error").start()
        cls.addClassCleanup(cls.emulator.stop)

    def setUp(self) -> None:
        self.session = self.emulator.session()
        self.addCleanup(self.session.close)

    def test_hello(self) -> None:
        self.session.when(user="hi").reply("Hello!")
        answer = self.session.openai().chat.completions.create(
            model="google/gemini-3.5-flash", messages=[{"role": "user", "content": "hi"}]
        )
        self.assertEqual(answer.choices[0].message.content, "Hello!")
        self.session.assert_done()
