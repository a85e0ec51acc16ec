import { pythonTool } from "./python-tool.mjs";

/** Kubernetes' published schemas, and a program that holds files to them. */
export const { path: kubernetesValidatePath, step: kubernetesValidate } = pythonTool({
  requirement: "kubernetes-validate==1.37.0",
  without: "deployment files are not held to Kubernetes' schemas",
});
