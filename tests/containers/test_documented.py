"""What docs/how-to/containers.md shows, done as it stands there."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.containers.engine import ROOT, answers, run, until
from tests.how_to.snippets import snippets
from tests.redis_server import free_port


def shown(language: str, word: str) -> str:
    """The snippet of the page with this word in it."""
    (found,) = [one.text for one in snippets(language) if one.page == "docs/how-to/containers.md" and word in one.text]
    return found


def test_testcontainers_in_python(tmp_path: Path) -> None:
    pytest.importorskip("testcontainers", reason=".ci/containers installs it")
    file = tmp_path / "app.py"
    file.write_text(f"""{shown("python", "testcontainers")}
    from gemulator import Session

    session = Session(url).session(unmatched="error")
    session.when(user="weather").reply("It is sunny.")
    with session.openai() as client:
        message = {{"role": "user", "content": "How is the weather?"}}
        answer = client.chat.completions.create(model="google/m", messages=[message])
    session.assert_called(1, user="weather")
    print(answer.choices[0].message.content)
""")
    python = (str(ROOT / ".venv/bin/python"), "-W", "error::DeprecationWarning:__main__")
    assert run(*python, str(file)).endswith("It is sunny.\n")


def test_testcontainers_in_node(tmp_path: Path) -> None:
    release = "testcontainers@11"  # the next one wants Node 22
    run("npm", "install", "--no-audit", "--no-fund", "--silent", release, folder=tmp_path)
    tmp_path.joinpath("app.mjs").write_text(f"""{shown("js", "testcontainers")}
const answer = await fetch(`${{url}}/v1/projects/demo/locations/global/endpoints/openapi/chat/completions`, {{
  method: "POST",
  headers: {{ authorization: "Bearer emulator" }},
  body: JSON.stringify({{ model: "google/m", messages: [{{ role: "user", content: "Hello?" }}] }}),
}});
console.log((await answer.json()).object);
await container.stop();
""")
    assert run("node", "app.mjs", folder=tmp_path) == "chat.completion\n"


@contextmanager
def services(job: Mapping[str, Any], port: int) -> Iterator[None]:
    """The services of a job, as a runner starts them: it waits until each is healthy."""
    started: list[str] = []
    health = "{{.State.Health.Status}}"
    try:
        for service in job["services"].values():
            variables = [word for name, value in service["env"].items() for word in ("-e", f"{name}={value}")]
            ports = [word for one in service["ports"] for word in ("-p", one.replace("8089:", f"{port}:", 1))]
            assert service["image"].rpartition("/")[2] == "gemulator"
            started.append(run("docker", "run", "--detach", *variables, *ports, "gemulator").strip())
            until(healthy(started[-1], health), "the service is healthy")
        yield
    finally:
        for container in started:
            run("docker", "rm", "--force", container)


def healthy(container: str, health: str) -> Callable[[], bool]:
    return lambda: run("docker", "inspect", "--format", health, container).strip() == "healthy"


def test_a_job_of_github_actions(tmp_path: Path) -> None:
    """Its checkout is a project with scenarios, whose tests know the two variables and nothing of gemulator."""
    (tmp_path / "scenarios").mkdir()
    tmp_path.joinpath("scenarios/chat.yaml").write_text("turns: [{ when: { user: plain chat }, reply: Hello! }]\n")
    tmp_path.joinpath("package.json").write_text('{"type": "module", "scripts": {"test": "node --test"}}')
    tmp_path.joinpath("app.test.js").write_text(r"""
import assert from "node:assert";
import test from "node:test";

test("it asks what the emulator has a scenario for, and is told where it has none", async () => {
  const ask = async (content) =>
    await fetch(`${process.env.OPENAI_BASE_URL}/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${process.env.OPENAI_API_KEY}` },
      body: JSON.stringify({ model: "google/gemini-3.5-flash", messages: [{ role: "user", content }] }),
    });
  assert.equal((await ask("Plain chat, please.")).status, 200);
  assert.equal((await ask("No scenario is about this.")).headers.get("x-emulator-error"), "unmatched");
});
""")
    port = free_port()
    text = re.sub(r"localhost:8089", f"localhost:{port}", shown("yaml", "runs-on"))
    (job,) = yaml.safe_load(text)["jobs"].values()
    with services(job, port):
        assert answers(f"http://127.0.0.1:{port}")
        ran = [step["run"] for step in job["steps"] if "run" in step]
        for step in job["steps"]:
            if "run" in step:
                run("sh", "-c", step["run"], folder=tmp_path, variables=step.get("env", {}))
    assert ran
