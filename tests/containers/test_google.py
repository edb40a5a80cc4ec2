"""The profile `google`: an app that has Google's host names in its code, and no other address."""

import json

from tests.containers.engine import project, run, until


def test_an_app_gets_its_answer_under_googles_own_names() -> None:
    with project("google", "google", "google-credentials", "app") as running:
        (app,) = running.compose("ps", "--all", "--quiet", "app").split()

        def state() -> str:
            return run("docker", "inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", app)

        until(lambda: state().startswith("exited"), "the app ends")
        said = run("docker", "logs", app)
        assert state().strip() == "exited 0", said
        answer = json.loads(said)
        assert answer["object"] == "chat.completion"
        assert answer["choices"][0]["message"]["content"]
