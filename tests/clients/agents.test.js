// Agent loops of openai-node and the Vercel AI SDK: two steps of tools with Gemini 3 signatures, kept and dropped.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, stepCountIs, streamText, tool } from "ai";
import OpenAI from "openai";
import { z } from "zod";

const root = fileURLToPath(new URL("../..", import.meta.url));
const scenario = fileURLToPath(new URL("trip.yaml", import.meta.url));
const model = "google/gemini-3.1-pro-preview";
const question = "Plan my trip to Paris.";
const answer = "It is 21 °C in Paris, and your room is booked.";
const results = { get_weather: { celsius: 21 }, book_hotel: { booked: true } };
let server, baseURL;

before(async () => {
  const options = ["--port", "0", "--log-format", "off", "--scenarios", scenario, "--unmatched", "error", "--signatures", "strict"];
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

// A fetch that counts requests, and takes signatures out of them where it is forgetful.
function wire(forgetful) {
  const bodies = [];
  const send = (url, init) => {
    const body = JSON.parse(init.body);
    for (const message of forgetful ? body.messages : [])
      for (const call of message.tool_calls ?? []) delete call.extra_content;
    bodies.push(body);
    return fetch(url, { ...init, body: JSON.stringify(body), headers: without(init.headers, "content-length") });
  };
  return { send, bodies };
}

function without(headers, name) {
  const kept = new Headers(headers);
  kept.delete(name);
  return kept;
}

async function settled(run, { send, bodies }, forgetful) {
  if (forgetful) {
    await assert.rejects(run(send));
    assert.equal(bodies.length, 2);
    return;
  }
  assert.equal(await run(send), answer);
  const signed = bodies.at(-1).messages.flatMap((message) => message.tool_calls ?? []);
  assert.deepEqual(signed.map((call) => typeof call.extra_content?.google?.thought_signature), ["string", "string"]);
}

async function openaiNode(send) {
  const client = new OpenAI({ baseURL, apiKey: "emulator", maxRetries: 0, fetch: send });
  const parameters = { type: "object", properties: { city: { type: "string" } } };
  const tools = Object.keys(results).map((name) => ({ type: "function", function: { name, parameters } }));
  const messages = [{ role: "user", content: question }];
  for (;;) {
    const { message } = (await client.chat.completions.create({ model, messages, tools })).choices[0];
    if (!message.tool_calls) return message.content;
    messages.push(message);
    for (const call of message.tool_calls)
      messages.push({ role: "tool", tool_call_id: call.id, content: JSON.stringify(results[call.function.name]) });
  }
}

const inputSchema = z.object({ city: z.string() });
const tools = Object.fromEntries(
  Object.entries(results).map(([name, result]) => [name, tool({ inputSchema, execute: async () => result })]),
);

const settings = (send) => ({
  model: createOpenAICompatible({ name: "google", baseURL, apiKey: "emulator", fetch: send })(model),
  prompt: question,
  tools,
  stopWhen: stepCountIs(5),
  maxRetries: 0,
});

async function vercel(send) {
  return (await generateText(settings(send))).text;
}

async function vercelStream(send) {
  let failure;
  const stream = streamText({ ...settings(send), onError: ({ error }) => (failure = error) });
  let words = "";
  for await (const piece of stream.textStream) words += piece;
  if (failure) throw failure;
  return words;
}

for (const [name, run] of Object.entries({ "openai-node": openaiNode, "AI SDK": vercel, "AI SDK, stream": vercelStream }))
  for (const forgetful of [false, true])
    test(`${name}: signatures ${forgetful ? "dropped" : "kept"}`, () => settled(run, wire(forgetful), forgetful));
