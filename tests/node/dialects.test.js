// openai-node, unmodified, on a self-deployed endpoint and on a partner model.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import OpenAI from "openai";

const root = fileURLToPath(new URL("../..", import.meta.url));
const messages = [{ role: "user", content: "Is the sky blue?" }];
const tools = [
  {
    type: "function",
    function: { name: "get_weather", parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] } },
  },
];
let server, vllm, partner;

before(async () => {
  server = spawn(`${root}/.venv/bin/gemulator`, ["serve", "--port", "0", "--log-format", "off"], { cwd: root });
  let shared;
  for await (const line of createInterface({ input: server.stdout })) {
    shared = /OPENAI_BASE_URL=(\S+openapi)/.exec(line)?.[1];
    if (shared) break;
  }
  const own = shared.replace(/locations\/.*/, "locations/us-central1/endpoints/1234567890");
  vllm = new OpenAI({ baseURL: own, apiKey: "emulator", maxRetries: 5 });
  partner = new OpenAI({ baseURL: shared, apiKey: "emulator", maxRetries: 5 });
});

after(async () => {
  server.kill("SIGTERM");
  await once(server, "exit");
});

test("a stream of vLLM has usage only when asked, and the words of its unary twin", async () => {
  const answer = await vllm.chat.completions.create({ model: "any", messages });
  const stream = await vllm.chat.completions.create({
    model: "any",
    messages,
    stream: true,
    stream_options: { include_usage: true },
  });
  let words = "";
  const usages = [];
  for await (const chunk of stream) {
    words += chunk.choices[0]?.delta.content ?? "";
    if (chunk.usage) usages.push(chunk.usage);
  }
  assert.equal(words, answer.choices[0].message.content);
  assert.equal(usages.length, 1);
  assert.equal(usages[0].total_tokens, answer.usage.total_tokens);
});

test("fields that only vLLM knows", async () => {
  const answer = await vllm.chat.completions.create({
    model: "any",
    messages,
    guided_choice: ["yes", "no"],
    chat_template_kwargs: { enable_thinking: true },
  });
  assert.match(answer.choices[0].message.content, /^(yes|no)$/);
  assert.ok(answer.choices[0].message.reasoning);
});

test("the stream helper joins the calls of vLLM and of a partner model", async () => {
  for (const [client, model] of [[vllm, "any"], [partner, "moonshotai/kimi-k2-thinking-maas"]]) {
    const runner = client.chat.completions.stream({
      model,
      messages: [{ role: "user", content: "What is the weather in Oslo?" }],
      tools,
    });
    const { message, finish_reason } = (await runner.finalChatCompletion()).choices[0];
    assert.equal(finish_reason, "tool_calls");
    assert.deepEqual(message.tool_calls.map((call) => Object.keys(JSON.parse(call.function.arguments))), [["city"]]);
  }
});

test("a container's error can be read", async () => {
  await assert.rejects(vllm.chat.completions.create({ model: "any", messages, temperature: -1 }), (error) => {
    assert.equal(error.status, 400);
    assert.match(error.message, /temperature must be non-negative/);
    return true;
  });
});

test("a grammar is obeyed, and a broken one is refused", async () => {
  const grammar = 'root ::= "It is " ("blue" | "grey") "."';
  const answer = await vllm.chat.completions.create({ model: "any", messages, structured_outputs: { grammar } });
  assert.match(answer.choices[0].message.content, /^It is (blue|grey)\.$/);
  const broken = vllm.chat.completions.create({ model: "any", messages, structured_outputs: { grammar: "root ::= nothing" } });
  await assert.rejects(broken, /400 Grammar error: EBNF parser error at line 1, column 10: Rule "nothing" is not defined/);
});

test("a stream that fails is an error in the server's words", async () => {
  const headers = { "x-emulator-fault": "error_event: {after_chunks: 3}" };
  const stream = await vllm.chat.completions.create({ model: "any", messages, stream: true }, { headers });
  let chunks = 0;
  const read = async () => {
    for await (const _ of stream) chunks += 1;
  };
  await assert.rejects(read, (error) => {
    assert.ok(error instanceof OpenAI.APIError);
    assert.match(error.message, /Internal server error/);
    assert.deepEqual([error.type, error.code, chunks], ["InternalServerError", 500, 3]);
    return true;
  });
});
