// openai-node, unmodified, over a real port: unary, stream, tools, and how it sees an error.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import OpenAI from "openai";

const root = fileURLToPath(new URL("../..", import.meta.url));
const model = "google/gemini-3.1-pro-preview";
const ask = (content) => [{ role: "user", content }];
let server, client;

before(async () => {
  server = spawn(`${root}/.venv/bin/gemulator`, ["serve", "--port", "0", "--log-format", "off"], { cwd: root });
  let baseURL;
  for await (const line of createInterface({ input: server.stdout })) {
    baseURL = /OPENAI_BASE_URL=(\S+openapi)/.exec(line)?.[1];
    if (baseURL) break;
  }
  client = new OpenAI({ baseURL, apiKey: "emulator", maxRetries: 5 });
});

after(async () => {
  server.kill("SIGTERM");
  await once(server, "exit");
});

test("a text, and the same text as a stream", async () => {
  const messages = ask("Why is the sky blue?");
  const answer = await client.chat.completions.create({ model, messages });
  const stream = await client.chat.completions.create({ model, messages, stream: true });
  let words = "";
  let usage;
  for await (const chunk of stream) {
    words += chunk.choices[0].delta.content ?? "";
    usage = chunk.usage ?? usage;
  }
  assert.equal(words, answer.choices[0].message.content);
  assert.deepEqual(usage, answer.usage);
});

const weather = {
  type: "function",
  function: {
    name: "get_current_weather",
    parameters: { type: "object", properties: { location: { type: "string" } }, required: ["location"] },
  },
};

test("a call of a tool, then an answer that says what it returned", async () => {
  const messages = ask("What is the weather in Oslo?");
  const first = await client.chat.completions.create({ model, messages, tools: [weather] });
  const call = first.choices[0].message.tool_calls[0];
  assert.match(JSON.parse(call.function.arguments).location, /Oslo/);
  messages.push(first.choices[0].message, { role: "tool", tool_call_id: call.id, content: '{"celsius": -4}' });
  const second = await client.chat.completions.create({ model, messages, tools: [weather] });
  assert.match(second.choices[0].message.content, /-4/);
});

test("the stream helper joins the sdk-safe wire", async () => {
  const runner = client.chat.completions.stream(
    {
      model,
      messages: ask("How warm is it in Oslo and in Lima?"),
      tools: [weather],
      extra_body: { google: { stream_function_call_arguments: true } },
    },
    { headers: { "x-emulator-wire": "sdk-safe" } },
  );
  const { tool_calls: calls } = (await runner.finalChatCompletion()).choices[0].message;
  assert.equal(new Set(calls.map((call) => call.id)).size, 2);
  assert.deepEqual(calls.map((call) => Object.keys(JSON.parse(call.function.arguments))), [["location"], ["location"]]);
});

test("an error array reads as the real service's does", async () => {
  await assert.rejects(client.chat.completions.create({ model: "gemini", messages: ask("Hi") }), (error) => {
    assert.equal(error.status, 400);
    assert.match(error.message, /400 status code \(no body\)/);
    return true;
  });
});
