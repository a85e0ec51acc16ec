/*
 * npm test: everything that says whether Slipway works, one suite after the other; `npm test -- kills slow` adds the kill
 * suite and what needs frameworks of gigabytes, as CI does; `npm run test:slow` is the latter alone. The last line sums them
 * up: `N passed, N failed, N skipped`.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { pythonWithTorch } from "../../apps/standalone/setup/debian-torch.mjs";
import { pythonOfSlowTests, pythonOfTests } from "../../apps/standalone/setup/python-tests.mjs";
import { root } from "../../apps/standalone/setup/run-command.mjs";
import { setUp } from "../../apps/standalone/setup/set-up.mjs";

const asked = process.argv.slice(2);
const leftOut = await setUp(asked.includes("slow") ? "slow" : "test", {});
const reports = mkdtempSync(join(tmpdir(), "slipway-reports-"));
const total = { passed: 0, failed: 0, skipped: 0 };
/** Said once more before the sum: what failed, and how long each suite took. */
const failures = [];
const suites = [];

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

/** A command that has no tests to count: it passes or fails. */
function check(title, command, args) {
  add(run(title, command, args, 10) ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 });
}

function vitest(project, limitMinutes) {
  const report = join(reports, `${project}.json`);
  const started = Date.now();
  const args = ["run", "--project", project, "--passWithNoTests", "--reporter=default", "--reporter=json"];
  const ended = run(
    `${project} tests`,
    "node_modules/.bin/vitest",
    [...args, `--outputFile.json=${report}`],
    limitMinutes,
  );
  counted(ended, report, (text) => {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(text);
    failures.push(...testResults.flatMap((file) => failuresOf(project, file)));
    suites.push(`${project}: ${minutes(Date.now() - started)}, longest ${longest(testResults)}`);
    return { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests + numTodoTests };
  });
}

function pytest(title, { command = pythonOfTests, args = [], env = {} }, paths, limitMinutes) {
  const report = join(reports, `${title.replaceAll(" ", "-")}.xml`);
  const all = [...args, "-m", "pytest", ...paths, "-rs", `--junitxml=${report}`];
  counted(run(title, command, all, limitMinutes, env), report, (text) => {
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
function run(title, command, args, limitMinutes, env = {}) {
  console.log(`\n── ${title}`);
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["ignore", "inherit", "inherit"],
    timeout: limitMinutes * 60_000,
  });
  if (error !== undefined) console.log(`${title}: ${error.message}`);
  return status === 0;
}

/** A suite that failed without a failed test (it could not be loaded, or ran out of time) counts as one. */
function counted(endedWell, report, /** @type {(text: string) => Counts} */ read) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  try {
    Object.assign(counts, read(readFileSync(report, "utf8")));
  } catch (error) {
    console.log(`no report: ${error.message}`);
    if (endedWell) counts.failed = 1;
  }
  if (!endedWell && counts.failed === 0) counts.failed = 1;
  add(counts);
}

/** The tests of a file that failed, or the file where it failed as a whole, each with what it said first. */
function failuresOf(project, { name, status, message, assertionResults }) {
  const file = relative(root, name);
  const failed = assertionResults.filter((test) => test.status === "failed");
  if (failed.length === 0) return status === "failed" ? [`${project}, ${file}: ${message.slice(0, 1000)}`] : [];
  return failed.map((test) => `${project}, ${file}: ${test.fullName}\n    ${test.failureMessages[0]?.slice(0, 1000)}`);
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

function usual() {
  check("types, style, directions, unused code", "npm", ["run", "--silent", "check"]);
  check("ruff", pythonOfTests, ["-m", "ruff", "check", "docker/runtime"]);
  check("ruff format", pythonOfTests, ["-m", "ruff", "format", "--check", "docker/runtime"]);
  vitest("unit", 6);
  pytest("Python runtime tests", {}, ["docker/runtime"], 10);
  if (leftOut.includes("parts")) {
    skipped(3, "contract, integration and e2e tests are", "their parts");
    return;
  }
  vitest("contracts", 8);
  vitest("integration", 25);
  vitest("timing", 6);
  if (leftOut.includes("versitygw")) skipped(1, "integration tests on S3 are", "versitygw");
  else vitest("integration-s3", 10);
  vitest("hostile", 12);
  vitest("e2e", 40);
}

/** What needs Keras, TensorFlow or torch. Each framework has a Python of its own: two of them in one process fight. */
function slow() {
  const tests = "docker/runtime/tests/slow";
  if (leftOut.includes("slow Python tests")) skipped(2, "tests of Keras and SavedModel are", "their frameworks");
  else {
    const python = { command: pythonOfSlowTests };
    pytest("Keras tests", { ...python, env: { KERAS_BACKEND: "jax" } }, [`${tests}/test_keras.py`], 10);
    pytest("SavedModel tests", python, [`${tests}/test_savedmodel.py`], 10);
  }
  if (leftOut.includes("torch")) skipped(1, "tests of TorchScript are", "Debian's python3-torch");
  else pytest("TorchScript tests", pythonWithTorch(), [`${tests}/test_torchscript.py`], 10);
}

function skipped(suites, what, missing) {
  console.log(`\n── ${what} skipped: the set-up above could not bring ${missing}`);
  total.skipped += suites;
}

const isSlowAlone = asked.includes("alone");
if (!isSlowAlone) usual();
if (asked.includes("kills") && !leftOut.includes("parts")) vitest("kill", 15);
if (asked.includes("slow")) slow();
rmSync(reports, { recursive: true });
console.log(["", ...suites, ...failures.map((failure) => `\nfailed: ${failure}`)].join("\n"));
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed === 0 ? 0 : 1;
