import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "./run-command.mjs";
import { uvPath } from "./uv.mjs";

const frameworks = ["scikit-learn==1.9.1", "onnxruntime==1.32.0", "onnx==1.23.2", "numpy==2.4.6", "pandas==3.1.1"];

/** What serves models elsewhere. MLServer wants another Starlette than FastAPI and MLflow. */
const environments = {
  "mlflow-and-fastapi": ["mlflow==3.17.2", "fastapi", "uvicorn[standard]", ...frameworks],
  // Its workers do not start under a newer uvloop.
  mlserver: ["mlserver==1.7.1", "mlserver-sklearn==1.7.1", "scikit-learn==1.9.1", "uvloop==0.21.0"],
};

/** @param {keyof typeof environments} name */
const folderOf = (name) => join(root, ".slipway-tools", name);

/** @type {(name: keyof typeof environments, program: string) => string} */
export const serverProgram = (name, program) => join(folderOf(name), "bin", program);

/** @type {(name: keyof typeof environments) => import("./set-up.mjs").Step} */
function step(name) {
  const [folder, wanted] = [folderOf(name), environments[name].join("\n")];
  const stamp = join(folder, "made-from.txt");
  return {
    name,
    title: `${name} from PyPI, to compare the served image with`,
    without: "the servers that it is compared with are missing",
    inPlace: () => existsSync(stamp) && readFileSync(stamp, "utf8") === wanted,
    async act() {
      const otherwise = `uv could not install ${name}. Is PyPI reachable from here?`;
      rmSync(folder, { recursive: true, force: true });
      await run(uvPath, ["venv", "--quiet", folder], { otherwise });
      const install = ["pip", "install", "--quiet", "--python", folder];
      await run(uvPath, [...install, ...environments[name]], { otherwise });
      writeFileSync(stamp, wanted);
    },
  };
}

export const modelServers = [step("mlflow-and-fastapi"), step("mlserver")];
