import { assignments, execForm, fitsDockerfile } from "./dockerfile-text.ts";
import type { PackageSpec } from "./package-spec.ts";
import { serving, servingEnvironment } from "./serving.ts";

/*
 * The context that the Dockerfile is built in:
 *
 *   requirements.txt          what to install, of package and runtime; or another name
 *   slipway/                  laid into /opt/slipway: bin/slipway-runtime, runtime/slipway_runtime/…, model.json
 *   everything else           the package's files, laid into /opt/model
 */
export interface DockerfileInput {
  spec: Pick<PackageSpec, "environment" | "systemPackages">;
  /** `host/python:3.11-slim@sha256:…`, pinned: an image with Python and pip, and apt where there are system packages.
   *  With `argument` whoever builds may name another by that argument, and pins it. */
  base: { reference: string; environment: Readonly<Record<string, string>>; argument?: string };
  labels: Readonly<Record<string, string>>;
  /** Path of the requirements in the context. */
  requirementsFile: string;
  /** Every line of it has its hashes. */
  requireHashes: boolean;
  /** Whether some of them are archives of sources, of which pip makes wheels; the base then has a compiler, or apt. */
  buildsWheels?: boolean;
  /** Whether the base is a bare Debian: it gets its Python from there, and pip where it installs. */
  bareDebian?: boolean;
  /** What `slipway/` is called in the context, where the package has a folder of that name. */
  runtimeFolder?: string;
}

const installed = "/opt/slipway/dependencies";

/** The multi-stage Dockerfile of a package: what changes least comes first, so that a new model costs no installation,
 *  and what installs stays behind in its stage. A function of its input; the input's words cannot leave their
 *  instructions. */
export function dockerfile(input: DockerfileInput): string {
  const { base, spec, labels, runtimeFolder = "slipway" } = input;
  const from = fromOf(base);
  const environment = Object.entries(servingEnvironment(base.environment, spec));
  const unwritable = environment.filter(([, value]) => !fitsDockerfile(value)).map(([name]) => name);
  return lines([
    [
      "# Made by Slipway. Build it with: docker build .",
      ...unwritable.map(
        (name) => `# ${name} holds a line break, which no Dockerfile can: set it where the image runs.`,
      ),
      ...(base.argument === undefined ? [] : [`ARG ${base.argument}=${base.reference}`]),
    ],
    [
      `FROM ${from} AS dependencies`,
      ...(input.bareDebian === true ? installSystemPackages(["python3-pip"]) : []),
      ...(input.buildsWheels === true ? [installCompiler] : []),
      execForm("COPY", [input.requirementsFile, "/build/requirements.txt"]),
      execForm("RUN", [
        ...["python3", "-m", "pip", "install", "--no-cache-dir", "--disable-pip-version-check"],
        ...["--root-user-action", "ignore", "--target", installed],
        ...(input.requireHashes ? ["--require-hashes"] : []),
        ...["--requirement", "/build/requirements.txt"],
      ]),
    ],
    [`FROM ${from} AS package`, "COPY . /package/", execForm("RUN", ["rm", "-rf", `/package/${runtimeFolder}`])],
    [
      `FROM ${from}`,
      ...installSystemPackages([...(input.bareDebian === true ? ["python3"] : []), ...spec.systemPackages]),
      `COPY --from=dependencies ${installed} ${installed}`,
      `COPY ${runtimeFolder}/ /opt/slipway/`,
      ...assignments("ENV", Object.fromEntries(environment.filter(([name]) => !unwritable.includes(name)))),
      ...assignments("LABEL", labels),
      `WORKDIR ${serving.modelFolder}`,
      `COPY --from=package /package/ ${serving.modelFolder}/`,
      `USER ${serving.user}`,
      `EXPOSE ${serving.port}`,
      "STOPSIGNAL SIGTERM",
      healthCheck(),
      "ENTRYPOINT []",
      execForm("CMD", serving.command),
    ],
  ]);
}

/** As where the wheel of the lock was made: images/engine/step-scripts.ts. Python's own images bring its headers. */
const installCompiler =
  "RUN command -v cc || { apt-get update && apt-get install --yes --no-install-recommends gcc g++ make libc6-dev " +
  '$([ "$(command -v python3)" != /usr/bin/python3 ] || echo python3-dev) && rm -rf /var/lib/apt/lists/*; }';

/** Of what a folder holds beside the package, and what nobody wants in an image. */
export const dockerignore = lines([
  [
    "Dockerfile",
    ".dockerignore",
    "docker-compose.yml",
    "slipway/requirements*",
    ".git",
    ".env",
    "**/__pycache__",
    "**/*.pyc",
    "**/.DS_Store",
  ],
]);

function fromOf({ reference, argument }: DockerfileInput["base"]): string {
  if (/[\s$\\"]/.test(reference)) throw new Error(`"${reference}" is no reference of an image`);
  if (argument !== undefined) return `\${${argument}}`;
  if (!/@sha256:[0-9a-f]{64}$/.test(reference))
    throw new Error(`a base is pinned by digest, and "${reference}" is not`);
  return reference;
}

function installSystemPackages(names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const odd = names.find((name) => !systemPackagePattern.test(name));
  if (odd !== undefined) throw new Error(`"${odd}" is no name of a Debian package`);
  return [
    `RUN apt-get update && apt-get install --yes --no-install-recommends ${names.join(" ")} && rm -rf /var/lib/apt/lists/*`,
  ];
}

/** Debian Policy, 5.6.7; no shell and no apt reads more into it. A version may be pinned. */
export const systemPackagePattern = /^[a-z0-9][a-z0-9+.-]{1,100}(?:=[A-Za-z0-9.+~:*-]{1,100})?$/;

function healthCheck(): string {
  const { intervalSeconds, timeoutSeconds, startPeriodSeconds, retries, test } = serving.health;
  const options = `--interval=${intervalSeconds}s --timeout=${timeoutSeconds}s --start-period=${startPeriodSeconds}s --retries=${retries}`;
  return `HEALTHCHECK ${options} ${execForm("CMD", test)}`;
}

function lines(paragraphs: readonly (readonly string[])[]): string {
  return `${paragraphs.map((paragraph) => paragraph.join("\n")).join("\n\n")}\n`;
}
