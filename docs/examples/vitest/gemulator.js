// A session of gemulator for one test: its own scenarios, counters and journal.
const server = process.env.GEMULATOR_URL ?? "http://127.0.0.1:8089";

async function admin(path, body) {
  const request = { method: "POST", body: JSON.stringify(body) };
  const answer = await (await fetch(`${server}/__emulator${path}`, request)).json();
  if (answer.error) throw new Error(`${answer.error.message}\n${answer.error.remedy}`);
  return answer;
}

export async function gemulator(scenario) {
  const scenarios = scenario ? { test: scenario } : {};
  const { session, token } = await admin("/sessions", { unmatched: "error", scenarios });
  return {
    baseURL: `${server}/v1/projects/demo/locations/global/endpoints/openapi`,
    apiKey: token,
    // Throws if a request matched no turn, or a turn with `times` was not used up.
    verify: (more = {}) => admin("/verify", { session, none_unmatched: true, times_used: true, ...more }),
  };
}
