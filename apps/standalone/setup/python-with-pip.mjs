import { works } from "./run-command.mjs";

/**
 * The first Python 3 that has pip: the machine's own often has it when another on the path does not.
 * @returns {string | undefined}
 */
export function pythonWithPip() {
  return ["python3", "/usr/bin/python3", "/usr/local/bin/python3"].find((python) =>
    works(python, ["-m", "pip", "--version"]),
  );
}
