/*
 * What runs a package's tests in its image, brought there with pytest beside it:
 *
 *   /slipway-tests/run.py      this
 *   /slipway-tests/packages/   pytest and what it needs
 *
 * It ends with a line of its own, `summaryMark` and JSON: {passed, failed, skipped, reason}, or {absent} where there is
 * nothing to run.
 */
export const testsFolder = "slipway-tests";
export const summaryMark = "slipway-tests-summary ";

/** The image's own packages come first: what is tested is what is served. */
export const runTests = `import json
import os
import site
import sys

LOOKED_IN = [os.environ.get("MODEL_PATH", "/opt/model"), os.getcwd()]
OUTPUT = os.dup(1)


def end(**summary):
    os.write(OUTPUT, ("\\n${summaryMark}" + json.dumps(summary) + "\\n").encode())


def package():
    return next((folder for folder in LOOKED_IN if os.path.isdir(os.path.join(folder, "tests"))), None)


def line_of(report):
    crash = getattr(getattr(report, "longrepr", None), "reprcrash", None)
    text = getattr(crash, "message", None) or str(report.longrepr).strip().rpartition("\\n")[2]
    return f"{report.nodeid}: {text}".split("\\n")[0]


class Count:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.reason = None

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.fail(report)
        elif report.skipped:
            self.skipped += 1
        elif report.when == "call":
            self.passed += 1

    def pytest_collectreport(self, report):
        if report.failed:
            self.fail(report)
        elif report.skipped:
            self.skipped += 1

    def fail(self, report):
        self.failed += 1
        self.reason = self.reason or line_of(report)


def run(folder):
    for code in (os.path.join(folder, "src"), folder):
        if os.path.isdir(code):
            sys.path.insert(0, code)
    if os.path.isdir("/opt/slipway/dependencies"):
        site.addsitedir("/opt/slipway/dependencies")
    sys.path.append("/${testsFolder}/packages")
    sys.dont_write_bytecode = True
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        import pytest
    except Exception as error:  # what it needs is another Python, or was taken for a module of the package
        python = ".".join(map(str, sys.version_info[:2]))
        return end(absent=f"pytest cannot be imported by the image's Python {python}: {error}")

    os.chdir(folder)
    count = Count()
    # What a project's settings add to its command most often wants plugins that are not here.
    given = ["tests", "--rootdir", folder, "-o", "addopts=", "-p", "no:cacheprovider", "--basetemp", "/tmp/pytest"]
    status = pytest.main([*given, "-q", "--color=no", "--tb=short"], plugins=[count])
    reason = count.reason
    if status == 5:
        reason = "there is no test in tests/"
    elif status != 0 and reason is None:
        reason = f"pytest ended with {int(status)}"
    end(passed=count.passed, failed=count.failed, skipped=count.skipped, status=int(status), reason=reason)
    sys.stdout.flush()
    os._exit(0)


folder = package()
if folder is None:
    end(absent="the image holds no tests/, neither in /opt/model nor in its working folder")
else:
    run(folder)
`;
