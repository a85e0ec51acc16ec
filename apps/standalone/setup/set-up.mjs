/*
 * Brings what a command needs on a machine that has only Node, Python 3 and git. Plain Node: on a new
 * clone there is no dependency to import yet. What is in place is left as it is.
 *
 *   node apps/standalone/setup/set-up.mjs check|unit|build|start|test|slow|hostile|bench
 */
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { debianPackages } from "./debian-packages.mjs";
import { debianTorch } from "./debian-torch.mjs";
import { kubernetesValidate } from "./kubernetes-validate.mjs";
import { modelServers } from "./model-servers.mjs";
import { nodePackages } from "./node-packages.mjs";
import { pipelineCheckers } from "./pipeline-checkers.mjs";
import { postgresLinks } from "./postgres-links.mjs";
import { prismaClient } from "./prisma-client.mjs";
import { pythonTests, slowPythonTests } from "./python-tests.mjs";
import { pythonWithPip } from "./python-with-pip.mjs";
import { registryTools } from "./registry-tools.mjs";
import { SetUpError, works } from "./run-command.mjs";
import { s3Servers } from "./s3-servers.mjs";
import { schemathesis } from "./schemathesis.mjs";
import { servicePrograms } from "./service-programs.mjs";
import { uv } from "./uv.mjs";

/**
 * @typedef {object} Step
 * @property {string} name
 * @property {string} title
 * @property {() => boolean} inPlace
 * @property {() => Promise<void>} act  Throws a SetUpError.
 * @property {string=} without  What is missing meanwhile where the step cannot be done; where there is no such word
 *   the set-up fails.
 */

const code = () => [nodePackages, prismaClient];

/** @type {Record<string, (environment: NodeJS.ProcessEnv) => Step[]>} */
const stepsOf = {
  check: code,
  unit: code,
  build: () => [...code(), servicePrograms],
  start: (environment) => [...code(), servicePrograms, postgresLinks, ...parts(environment)],
  test: () => [
    ...code(),
    postgresLinks,
    ...parts({}),
    ...engine(),
    pythonTests,
    kubernetesValidate,
    ...pipelineCheckers,
    ...hostile(),
    ...s3Servers,
  ],
  slow: () => [...stepsOf.test({}), slowPythonTests, debianTorch],
  hostile: () => [...code(), postgresLinks, ...parts({}), ...hostile(), ...s3Servers],
  bench: () => [
    ...code(),
    servicePrograms,
    postgresLinks,
    ...parts({}),
    ...engine(),
    comparisons(),
    ...registryTools,
    ...s3Servers,
    pythonTests,
    ...modelServers,
  ],
};

/** What the parts need that no variable names. */
function parts(environment) {
  const ownUv = Boolean(environment.SLIPWAY_UV);
  const ownBase = environment.SLIPWAY_MMDEBSTRAP || !/(?:^|,)\s*debian:/.test(environment.SLIPWAY_BASE ?? "debian:");
  const wanted = [
    ...(environment.REDIS_URL || environment.REDIS_URL_FILE ? [] : ["redis-server"]),
    ...(environment.SLIPWAY_REGISTRY ? [] : ["docker-registry"]),
    ...(ownBase ? [] : ["mmdebstrap"]),
    ...(ownUv || uv.inPlace() || pythonWithPip() !== undefined ? [] : ["python3-pip"]),
  ];
  const without =
    "models are taken and sealed, and no image is made (REDIS_URL, SLIPWAY_REGISTRY and SLIPWAY_BASE can name others)";
  return [debianPackages(wanted, { name: "parts", without }), ...(ownUv ? [] : [uv])];
}

function engine() {
  const without = "what brings Compose files up is skipped";
  if (works("docker", ["info"])) return [debianPackages(["docker-compose"], { name: "compose", without })];
  return [debianPackages(["docker.io", "docker-compose"], { name: "engine", without: "what runs images is skipped" })];
}

function hostile() {
  const without = "no browser is turned against the API; its exact requests are";
  return [schemathesis, debianPackages(["chromium"], { name: "browser", without })];
}

function comparisons() {
  const without = "the figures that they are compared with are missing";
  return debianPackages(["curl", "postgresql-contrib"], { name: "comparisons", without });
}

/**
 * A line for each step that has something to do, on stderr. Ends the process with a sentence where it cannot go on.
 * Returns the names of the steps that had to be left out.
 * @param {string} purpose  A key of stepsOf.
 * @returns {Promise<string[]>}
 */
export async function setUp(purpose, environment = process.env) {
  const leftOut = [];
  try {
    requireNode();
    for (const step of stepsOf[purpose](environment)) if ((await take(step)) === "left out") leftOut.push(step.name);
  } catch (error) {
    if (!(error instanceof SetUpError)) throw error;
    process.stderr.write(`\n${error.message}\n`);
    process.exit(1);
  }
  return leftOut;
}

function requireNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    throw new SetUpError(`Slipway needs Node 20.19 or newer; this is ${process.version}`);
}

/**
 * @param {Step} step
 * @returns {Promise<"in place" | "done" | "left out">}
 */
async function take(step) {
  if (step.inPlace()) return "in place";
  process.stderr.write(`set-up: ${step.title} … `);
  const start = performance.now();
  try {
    await step.act();
  } catch (error) {
    if (!(error instanceof SetUpError) || step.without === undefined) throw error;
    process.stderr.write(`left out\n  ${error.message}\n  Until then: ${step.without}\n`);
    return "left out";
  }
  process.stderr.write(`done in ${((performance.now() - start) / 1000).toFixed(1)} s\n`);
  return "done";
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [purpose = ""] = process.argv.slice(2);
  if (!Object.hasOwn(stepsOf, purpose)) {
    console.error(`usage: set-up.mjs ${Object.keys(stepsOf).join("|")}`);
    process.exit(2);
  }
  await setUp(purpose);
}
