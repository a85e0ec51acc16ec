/*
 * npm test: everything that says whether Slipway works, one suite after the other; `npm test -- kills` adds the kill
 * suite, as CI does. The last line sums them up: `N passed, N failed, N skipped`.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { pythonOfTests } from "../../apps/standalone/setup/python-tests.mjs";
import { root } from "../../apps/standalone/setup/run-command.mjs";
import { setUp } from "../../apps/standalone/setup/set-up.mjs";

const leftOut = await setUp("test", {});
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

function pytest() {
  const report = join(reports, "pytest.xml");
  const args = ["-m", "pytest", "docker/runtime", "-rs", `--junitxml=${report}`];
  counted(run("Python runtime tests", pythonOfTests, args, 10), report, (text) => {
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
function run(title, command, args, limitMinutes) {
  console.log(`\n── ${title}`);
  const { status, error } = spawnSync(command, args, {
    cwd: root,
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

check("types, style, directions, unused code", "npm", ["run", "--silent", "check"]);
check("ruff", pythonOfTests, ["-m", "ruff", "check", "docker/runtime"]);
check("ruff format", pythonOfTests, ["-m", "ruff", "format", "--check", "docker/runtime"]);
vitest("unit", 6);
pytest();
if (leftOut.includes("parts")) {
  console.log("\n── contract, integration and e2e tests are skipped: the set-up above could not bring their parts");
  total.skipped += 3;
} else {
  vitest("contracts", 8);
  vitest("integration", 25);
  vitest("timing", 6);
  if (!leftOut.includes("versitygw")) vitest("integration-s3", 10);
  else {
    console.log("\n── integration tests on S3 are skipped: the set-up above could not bring versitygw");
    total.skipped += 1;
  }
  vitest("hostile", 12);
  vitest("e2e", 40);
  if (process.argv.includes("kills")) vitest("kill", 15);
}
rmSync(reports, { recursive: true });
console.log(["", ...suites, ...failures.map((failure) => `\nfailed: ${failure}`)].join("\n"));
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed === 0 ? 0 : 1;
