import { pythonTool } from "./python-tool.mjs";

/** Tries what an OpenAPI document promises. */
export const { path: schemathesisPath, step: schemathesis } = pythonTool({
  requirement: "schemathesis==4.32.5",
  without: "the API is not tried against its OpenAPI document",
});
