/*
 * npm test: everything that says whether Slipway works, one suite after the other, and beside each other those that leave
 * the machine room; `npm test -- kills slow` adds the kill suites and what needs frameworks of gigabytes, as CI does;
 * `npm run test:slow` is the latter alone. The last line sums all of them up: `N passed, N failed, N skipped`.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { pythonWithTorch } from "../../apps/standalone/setup/debian-torch.mjs";
import { pythonOfSlowTests, pythonOfTests } from "../../apps/standalone/setup/python-tests.mjs";
import { root } from "../../apps/standalone/setup/run-command.mjs";
import { setUp } from "../../apps/standalone/setup/set-up.mjs";
import { shareMade } from "./share-made.mjs";

const asked = process.argv.slice(2);
const leftOut = await setUp(asked.includes("slow") ? "slow" : "test", {});
const made = await shareMade();
const reports = mkdtempSync(join(tmpdir(), "slipway-reports-"));
const total = { passed: 0, failed: 0, skipped: 0 };
/** Said once more before the sum: how long each suite took, and what failed. */
const suites = [];
const failures = [];

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */
/** @typedef {{ isAside?: boolean, env?: Record<string, string> }} Place isAside: beside another suite; what it says is shown
 *  when it has ended. */

const aside = { isAside: true };

/** A command that has no tests to count: it passes or fails. */
async function check(title, command, args) {
  const endedWell = await run(title, command, args, 10, aside);
  if (!endedWell) failures.push(title);
  add(endedWell ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 });
}

async function vitest(project, limitMinutes, /** @type {Place} */ place = {}) {
  const report = join(reports, `${project}.json`);
  const started = Date.now();
  const args = ["run", "--project", project, "--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const ended = await run(`${project} tests`, "node_modules/.bin/vitest", args, limitMinutes, place);
  counted(`${project} tests`, ended, report, (text) => {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(text);
    failures.push(...testResults.flatMap(failuresOf));
    suites.push(`${project}: ${minutes(Date.now() - started)}, longest ${longest(testResults)}`);
    return { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests + numTodoTests };
  });
}

async function pytest(title, { command = pythonOfTests, args = [], env = {} }, paths, place = {}) {
  const report = join(reports, `${title.replaceAll(" ", "-")}.xml`);
  const started = Date.now();
  const all = [...args, "-m", "pytest", ...paths, "-rs", `--junitxml=${report}`];
  counted(title, await run(title, command, all, 20, { ...place, env }), report, (text) => {
    suites.push(`${title}: ${minutes(Date.now() - started)}`);
    const [suite] = /<testsuite [^>]*>/.exec(text);
    const attribute = (name) => Number(new RegExp(` ${name}="(\\d+)"`).exec(suite)[1]);
    const [tests, failed, skipped] = [
      attribute("tests"),
      attribute("failures") + attribute("errors"),
      attribute("skipped"),
    ];
    return { passed: tests - failed - skipped, failed, skipped };
  });
}

/** True when the command ended well. */
function run(title, command, args, limitMinutes, { isAside = false, env = {} } = {}) {
  if (!isAside) console.log(`\n── ${title}`);
  const child = spawn(command, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: isAside ? ["ignore", "pipe", "pipe"] : ["ignore", "inherit", "inherit"],
    timeout: limitMinutes * 60_000,
  });
  const said = [];
  for (const output of [child.stdout, child.stderr]) output?.on("data", (chunk) => said.push(chunk));
  return new Promise((resolve) => {
    child.once("error", (error) => said.push(Buffer.from(`${error.message}\n`)));
    child.once("close", (code, signal) => {
      if (isAside) console.log(`\n── ${title}, beside the others`);
      process.stdout.write(Buffer.concat(said));
      if (signal !== null) console.log(`${title}: ended by ${signal}, after at most ${limitMinutes} minutes`);
      resolve(code === 0);
    });
  });
}

/** A suite that failed without a failed test (it could not be loaded, or ran out of time) counts as one. */
function counted(title, endedWell, report, /** @type {(text: string) => Counts} */ read) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  try {
    Object.assign(counts, read(readFileSync(report, "utf8")));
  } catch (error) {
    console.log(`no report: ${error.message}`);
    if (endedWell) counts.failed = 1;
  }
  if (!endedWell && counts.failed === 0) {
    counts.failed = 1;
    failures.push(`${title}: as a whole`);
  }
  add(counts);
}

/** The tests of a file that failed, or the file where it failed as a whole, each with what it said first. */
function failuresOf({ name, status, message, assertionResults }) {
  const file = relative(root, name);
  const failed = assertionResults.filter((test) => test.status === "failed");
  if (failed.length === 0) return status === "failed" ? [`${file}: ${message.slice(0, 1000)}`] : [];
  return failed.map((test) => `${file}: ${test.fullName}\n    ${test.failureMessages[0]?.slice(0, 1000)}`);
}

function longest(files) {
  const taken = files.map(({ name, startTime, endTime }) => ({
    file: basename(name, ".test.ts"),
    ms: endTime - startTime,
  }));
  taken.sort((one, other) => other.ms - one.ms);
  return taken
    .slice(0, 5)
    .map(({ file, ms }) => `${file} ${Math.round(ms / 1000)} s`)
    .join(", ");
}

function minutes(ms) {
  return `${(ms / 60_000).toFixed(1)} min`;
}

function add(/** @type {Counts} */ counts) {
  for (const name of Object.keys(total)) total[name] += counts[name];
}

function skipped(count, what, missing) {
  console.log(`\n── ${what} skipped: the set-up above could not bring ${missing}`);
  total.skipped += count;
}

async function usual() {
  const withoutParts = leftOut.includes("parts");
  // One process that takes minutes.
  const beside = Promise.all([pytest("Python runtime tests", {}, ["docker/runtime"], aside), checks()]);
  await vitest("unit", 6);
  if (withoutParts) {
    skipped(3, "all tests that need parts are", "them");
    if (asked.includes("slow")) await slow();
    return beside;
  }
  await vitest("contracts", 12);
  await vitest("integration", 30);
  await beside;
  await vitest("timing", 6);
  if (leftOut.includes("versitygw")) skipped(1, "integration tests on S3 are", "versitygw");
  else await vitest("integration-s3", 12);
  await vitest("hostile", 15);
  // Each of these does one thing at a time and waits a good deal: for an engine, for a lease to run out.
  await Promise.all([engine(), processes()]);
}

async function engine() {
  await vitest("engine", 30);
  if (asked.includes("kills")) await vitest("kill-engine", 6);
}

async function checks() {
  await check("types, style, directions, unused code", "npm", ["run", "--silent", "check"]);
  const ours = ["docker/runtime", "apps/python-client"];
  await check("ruff", pythonOfTests, ["-m", "ruff", "check", ...ours]);
  await check("ruff format", pythonOfTests, ["-m", "ruff", "format", "--check", ...ours]);
  const settings = "apps/python-client/pyproject.toml";
  const types = ["src", "tests"].map((name) => `apps/python-client/${name}`);
  await check("types of the Python client", pythonOfTests, ["-m", "mypy", "--config-file", settings, ...types]);
}

async function processes() {
  await vitest("e2e", 20, aside);
  if (asked.includes("kills")) await vitest("kill", 25, aside);
  if (asked.includes("slow")) await slow(aside);
}

/** What needs Keras, TensorFlow or torch. */
async function slow(/** @type {Place} */ place = {}) {
  await Promise.all([
    slowPython(),
    leftOut.includes("parts") ? skipped(1, "images of heavy formats are", "their parts") : vitest("slow", 20, place),
  ]);
}

/** Each framework has a Python of its own: two of them in one process fight. */
async function slowPython() {
  const tests = "docker/runtime/tests/slow";
  if (leftOut.includes("slow Python tests")) skipped(2, "tests of Keras and SavedModel are", "their frameworks");
  else {
    const python = { command: pythonOfSlowTests };
    await pytest("Keras tests", { ...python, env: { KERAS_BACKEND: "jax" } }, [`${tests}/test_keras.py`], aside);
    await pytest("SavedModel tests", python, [`${tests}/test_savedmodel.py`], aside);
  }
  if (leftOut.includes("torch")) skipped(1, "tests of TorchScript are", "Debian's python3-torch");
  else await pytest("TorchScript tests", pythonWithTorch(), [`${tests}/test_torchscript.py`], aside);
}

await (asked.includes("alone") ? slow() : usual());
for (const folder of [reports, made]) rmSync(folder, { recursive: true, force: true });
console.log(["", ...suites, ...failures.map((failure) => `\nfailed: ${failure}`)].join("\n"));
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed === 0 ? 0 : 1;
