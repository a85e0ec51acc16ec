import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startChild } from "#standalone/child.ts";
import { freePort } from "#standalone/free-port.ts";
import { serverProgram } from "#standalone/setup/model-servers.mjs";
import { pythonOfTests } from "#standalone/setup/python-tests.mjs";
import { commandOutput } from "../command.ts";
import type { Bench } from "../figure.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
const models = join(here, "../../models");
const firstAnswerWithinMs = 120_000;
const stopWithinMs = 10_000;
const lookEveryMs = 10;

export type ModelName = "iris" | "digits";

/** What each model was made with. */
export const frameworks: readonly (readonly [ModelName, string])[] = [
  ["iris", "scikit-learn"],
  ["digits", "ONNX"],
];

/** The same input for all servers. */
const rowOf: Record<ModelName, readonly number[]> = { iris: [5.1, 3.5, 1.4, 0.2], digits: Array(64).fill(0.5) };

export interface ModelServer {
  name: string;
  models: readonly ModelName[];
  start(model: ModelName, port: number, folder: string): { command: string; args: string[]; env?: object };
  path(model: ModelName): string;
  body(instances: readonly (readonly number[])[]): object;
}

export const slipwayServer: ModelServer = {
  name: "slipway-runtime",
  models: ["iris", "digits"],
  start: (model, port, folder) => ({
    command: pythonOfTests,
    args: ["-m", "slipway_runtime", "serve"],
    env: {
      PORT: String(port),
      HOST: "127.0.0.1",
      MODEL_PATH: join(models, model === "iris" ? "iris" : "digits-onnx", "package"),
      SLIPWAY_MODEL_FILE: join(folder, `${model}.json`),
    },
  }),
  path: () => "/predict",
  body: (instances) => ({ instances }),
};

export const fastapiServer: ModelServer = {
  name: "FastAPI app",
  models: ["iris", "digits"],
  start: (model, port, folder) => ({
    command: serverProgram("mlflow-and-fastapi", "uvicorn"),
    args: ["--app-dir", here, "fastapi_app:app", "--host", "127.0.0.1", "--port", String(port)],
    env: { MODEL: join(folder, model === "iris" ? "iris.joblib" : "digits.onnx") },
  }),
  path: () => "/predict",
  body: (instances) => ({ instances }),
};

export const mlflowServer: ModelServer = {
  name: "mlflow models serve",
  models: ["iris", "digits"],
  start: (model, port, folder) => ({
    command: serverProgram("mlflow-and-fastapi", "mlflow"),
    args: [
      ...["models", "serve", "--model-uri", join(folder, `mlflow-${model}`), "--env-manager", "local"],
      ...["--host", "127.0.0.1", "--port", String(port), "--workers", "1"],
    ],
    // It starts its server by the name alone.
    env: { PATH: `${serverProgram("mlflow-and-fastapi", "")}:${process.env["PATH"]}` },
  }),
  path: () => "/invocations",
  body: (inputs) => ({ inputs }),
};

/** It has no server for ONNX of its own. */
export const mlserver: ModelServer = {
  name: "MLServer",
  models: ["iris"],
  start: (_, port, folder) => ({
    command: serverProgram("mlserver", "mlserver"),
    args: ["start", join(folder, "mlserver")],
    env: {
      MLSERVER_HOST: "127.0.0.1",
      MLSERVER_HTTP_PORT: String(port),
      MLSERVER_GRPC_PORT: String(port + 1),
      MLSERVER_METRICS_PORT: String(port + 2),
    },
  }),
  path: (model) => `/v2/models/${model}/infer`,
  body: (instances) => {
    const shape = [instances.length, instances[0]?.length];
    return { inputs: [{ name: "rows", shape, datatype: "FP64", data: instances.flat() }] };
  },
};

export const servers: readonly ModelServer[] = [slipwayServer, fastapiServer, mlflowServer, mlserver];

/** Into the folder, what each of them serves. */
export async function makeModels(folder: string): Promise<void> {
  await commandOutput(serverProgram("mlflow-and-fastapi", "python"), [join(here, "make-models.py"), folder]);
}

/** How often a second the model alone can be asked. */
export async function bareModel(model: ModelName, rows: number, seconds: number, folder: string): Promise<number> {
  const file = join(folder, model === "iris" ? "iris.joblib" : "digits.onnx");
  const python = serverProgram("mlflow-and-fastapi", "python");
  return Number(await commandOutput(python, [join(here, "bare-model.py"), file, String(rows), String(seconds)]));
}

export interface RunningServer {
  url: string;
  /** A request of so many rows. */
  body(rows: number): string;
  /** From the start of its process to its first prediction. */
  startSeconds: number;
  stop(): Promise<void>;
}

export async function startServer(
  bench: Bench,
  server: ModelServer,
  model: ModelName,
  folder: string,
): Promise<RunningServer> {
  const port = await freePort();
  const { command, args, env } = server.start(model, port, folder);
  // All have their bytecode, as in an image, from their second start on.
  const bytecode = { PYTHONDONTWRITEBYTECODE: "", PYTHONPYCACHEPREFIX: join(folder, "bytecode") };
  const started = performance.now();
  const child = await startChild(
    { name: server.name, command, args, env: { ...process.env, ...bytecode, ...env }, stopSignal: "SIGTERM" },
    { ledger: bench.ledger },
  );
  const url = `http://127.0.0.1:${port}${server.path(model)}`;
  const body = (rows: number) => JSON.stringify(server.body(Array(rows).fill(rowOf[model])));
  let exited = false;
  void child.exited.then(() => {
    exited = true;
  });
  while (!(await predicts(url, body(1)))) {
    if (exited || performance.now() - started > firstAnswerWithinMs) {
      await child.stop(stopWithinMs);
      throw new Error(`${server.name} does not predict: ${child.lastLines().join("\n")}`);
    }
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
  return {
    url,
    body,
    startSeconds: (performance.now() - started) / 1000,
    stop: () => child.stop(stopWithinMs),
  };
}

async function predicts(url: string, body: string): Promise<boolean> {
  try {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(url, { method: "POST", headers, body, signal: AbortSignal.timeout(5_000) });
    await answer.text();
    return answer.status === 200;
  } catch {
    return false; // it does not listen yet
  }
}
