// What a process of a Node.js function runs: a small client of the Lambda Runtime API, whose real one needs a compiler.
// There is no AWS SDK here, unlike on AWS: a function brings what it imports.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`;
const root = process.env.LAMBDA_TASK_ROOT;
const describe = (error) => JSON.stringify({
  errorType: error?.name ?? "Error",
  errorMessage: error?.message ?? String(error),
  trace: String(error?.stack ?? "").split("\n"),
});
const post = (path, body) => fetch(`${api}/${path}`, { method: "POST", body }).then((answer) => answer.arrayBuffer());

async function load(name) {
  const [, path, member] = /^(.*)\.([^.]+)$/.exec(name) ?? [];
  const file = [".js", ".mjs", ".cjs"].map((ending) => join(root, path + ending)).find(existsSync);
  if (!file) throw Object.assign(new Error(`Cannot find module '${path}'`), { name: "Runtime.ImportModuleError" });
  const module = file.endsWith(".cjs") ? createRequire(root)(file) : await import(pathToFileURL(file));
  const handler = module[member] ?? module.default?.[member];
  if (typeof handler !== "function") {
    throw Object.assign(new Error(`${name} is undefined or not exported`), { name: "Runtime.HandlerNotFound" });
  }
  return handler;
}

function contextOf(headers) {
  const deadline = Number(headers.get("lambda-runtime-deadline-ms"));
  return {
    awsRequestId: headers.get("lambda-runtime-aws-request-id"),
    invokedFunctionArn: headers.get("lambda-runtime-invoked-function-arn"),
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
}

let handler;
try {
  handler = await load(process.env._HANDLER);
} catch (error) {
  await post("init/error", describe(error));
  process.exit(1);
}
for (;;) {
  const next = await fetch(`${api}/invocation/next`);
  const event = await next.json();
  const context = contextOf(next.headers);
  process.env._X_AMZN_TRACE_ID = next.headers.get("lambda-runtime-trace-id") ?? "";
  try {
    const callback = new Promise((resolve, reject) => {
      const returned = handler(event, context, (error, value) => (error ? reject(error) : resolve(value)));
      if (returned?.then || handler.length < 3) Promise.resolve(returned).then(resolve, reject);
    });
    await post(`invocation/${context.awsRequestId}/response`, JSON.stringify((await callback) ?? null));
  } catch (error) {
    console.error(error);
    await post(`invocation/${context.awsRequestId}/error`, describe(error));
  }
}
