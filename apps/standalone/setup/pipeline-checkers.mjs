import { goProgram, goProgramPath } from "./go-program.mjs";
import { pythonTool } from "./python-tool.mjs";

const source = { module: "github.com/rhysd/actionlint/cmd/actionlint", version: "v1.7.12" };
const without = "the Action and the pipelines are run, and not held to what GitHub and GitLab take";

export const actionlintPath = goProgramPath("actionlint", source);

/** Brings the JSON schemas of actions, workflows and GitLab's pipelines with it. */
export const checkJsonschema = pythonTool({ requirement: "check-jsonschema==0.39.0", without });

export const pipelineCheckers = [
  goProgram("actionlint", source, { title: "for workflows (go install; once)", without }),
  checkJsonschema.step,
];
