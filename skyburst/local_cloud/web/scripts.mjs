// Runs functions of CloudFront and handlers of AppSync. Reads one request in JSON from each line of its input, and answers
// each with a line: {"id", "result"} or {"id", "error": {"name", "message"}}.
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import vm from "node:vm";

const folder = process.argv[2];
const UTILS = `
class Unauthorized extends Error { name = "Unauthorized"; }
export const util = {
  unauthorized() { throw new Unauthorized("You are not authorized to make this call."); },
  error(message, type) { throw Object.assign(new Error(message), { name: type ?? "Error" }); },
};
`;
const loaded = new Map();

function functionOf(code) {
  const context = vm.createContext({ console: { log() {} } });
  return vm.runInContext(`${code}\n;handler`, context);
}

async function moduleOf(code) {
  const utils = join(folder, "node_modules", "@aws-appsync", "utils");
  mkdirSync(utils, { recursive: true });
  writeFileSync(join(utils, "package.json"), JSON.stringify({ type: "module", exports: "./index.js" }));
  writeFileSync(join(utils, "index.js"), UTILS);
  const file = join(folder, `${createHash("sha256").update(code).digest("hex")}.mjs`);
  writeFileSync(file, code);
  return import(pathToFileURL(file));
}

function load(kind, code) {
  const key = `${kind}\n${code}`;
  if (!loaded.has(key)) loaded.set(key, kind === "cloudfront" ? functionOf(code) : moduleOf(code));
  return loaded.get(key);
}

async function run({ kind, code, handler, argument }) {
  const found = await load(kind, code);
  if (kind === "cloudfront") return found(argument);
  return found[handler] ? (await found[handler](argument)) ?? null : null;
}

for await (const line of createInterface({ input: process.stdin })) {
  const { id, ...request } = JSON.parse(line);
  let answer;
  try {
    answer = { id, result: await run(request) };
  } catch (error) {
    answer = { id, error: { name: error?.name ?? "Error", message: error?.message ?? String(error) } };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
