// Tool loops that drop signatures as they come: the hint that the refusal carries, and the ways on that it names.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, stepCountIs, tool } from "ai";
import OpenAI from "openai";
import { z } from "zod";

const root = fileURLToPath(new URL("../..", import.meta.url));
const scenario = fileURLToPath(new URL("trip.yaml", import.meta.url));
const model = "google/gemini-3.1-pro-preview";
const question = "Plan my trip to Paris.";
const answer = "It is 21 °C in Paris, and your room is booked.";
const results = { get_weather: { celsius: 21 }, book_hotel: { booked: true } };
const lenient = { "x-emulator-strictness": "lenient" };
let server, baseURL;

before(async () => {
  const options = ["--port", "0", "--log-format", "off", "--scenarios", scenario, "--unmatched", "error"];
  server = spawn(process.env.GEMULATOR ?? `${root}/.venv/bin/gemulator`, ["serve", ...options], { cwd: root });
  for await (const line of createInterface({ input: server.stdout })) {
    baseURL = /OPENAI_BASE_URL=(\S+openapi)/.exec(line)?.[1];
    if (baseURL) break;
  }
});

after(async () => {
  server.kill("SIGTERM");
  await once(server, "exit");
});

// A fetch that keeps the hints of the answers. With `keep`, it puts the signatures of calls back, by their ids.
function wire(keep) {
  const hints = [];
  const signatures = new Map();
  const send = async (url, init) => {
    const body = JSON.parse(init.body);
    const calls = body.messages.flatMap((message) => message.tool_calls ?? []);
    for (const call of keep ? calls : []) call.extra_content = signatures.get(call.id);
    const headers = new Headers(init.headers);
    headers.delete("content-length");
    const response = await fetch(url, { ...init, headers, body: JSON.stringify(body) });
    hints.push(response.headers.get("x-emulator-hint"));
    const { choices = [] } = await response.clone().json();
    for (const call of choices.flatMap(({ message }) => message.tool_calls ?? [])) signatures.set(call.id, call.extra_content);
    return response;
  };
  return { send, hints };
}

const parameters = { type: "object", properties: { city: { type: "string" } } };

async function runTools(send, defaultHeaders) {
  const client = new OpenAI({ baseURL, apiKey: "emulator", maxRetries: 0, fetch: send, defaultHeaders });
  const tools = Object.entries(results).map(([name, result]) => ({
    type: "function",
    function: { name, parameters, parse: JSON.parse, function: () => JSON.stringify(result) },
  }));
  const runner = client.chat.completions.runTools({ model, messages: [{ role: "user", content: question }], tools });
  return runner.finalContent();
}

const tools = Object.fromEntries(
  Object.entries(results).map(([name, result]) => [
    name,
    tool({ inputSchema: z.object({ city: z.string() }), execute: async () => result }),
  ]),
);

// The provider for OpenAI itself drops signatures; the one for compatible servers sends them back.
async function vercel(send, headers) {
  const provider = createOpenAI({ baseURL, apiKey: "emulator", fetch: send, headers });
  return (await generateText({ model: provider.chat(model), prompt: question, tools, stopWhen: stepCountIs(5), maxRetries: 0 })).text;
}

async function vercelCompatible(send) {
  const provider = createOpenAICompatible({ name: "google", baseURL, apiKey: "emulator", fetch: send });
  return (await generateText({ model: provider(model), prompt: question, tools, stopWhen: stepCountIs(5), maxRetries: 0 })).text;
}

for (const [name, run] of Object.entries({ "openai-node runTools": runTools, "AI SDK, provider openai": vercel })) {
  test(`${name}: the hint says cause and remedy`, async () => {
    const { send, hints } = wire(false);
    await assert.rejects(run(send));
    assert.equal(hints.length, 2);
    assert.match(hints[1], /^the call `get_weather` came back without its `extra_content`; .*; to go on: keep the assistant message/);
    assert.match(hints[1], /`--strictness lenient`$/);
  });

  test(`${name}: messages kept as they came go on`, async () => {
    assert.equal(await run(wire(true).send), answer);
  });

  test(`${name}: a lenient request goes on`, async () => {
    assert.equal(await run(wire(false).send, lenient), answer);
  });
}

test("AI SDK: the provider for compatible servers keeps signatures", async () => {
  assert.equal(await vercelCompatible(wire(false).send), answer);
});

test("openai-node shows the text of a refusal of gemulator itself", async () => {
  const client = new OpenAI({ baseURL, apiKey: "emulator", maxRetries: 0 });
  const asking = client.chat.completions.create({ model, messages: [{ role: "user", content: "Hello?" }] });
  await assert.rejects(asking, (error) => {
    assert.match(error.message, /gemulator: No turn matches this request/);
    assert.match(error.headers.get("x-emulator-hint"), /to go on: change the request or a `when`/);
    return true;
  });
});
