import type { EngineConfig } from "#core/config.ts";
import { BuildFault } from "../image-builder.ts";
import { type Instruction, readDockerfile, wordsOf } from "./read-dockerfile.ts";
import { refuseAmbiguousLines, refuseAmbiguousWords } from "./refuse-ambiguous.ts";

/** What has no meaning for what a build stands on and fetches. */
const plain = "ARG CMD ENTRYPOINT ENV EXPOSE HEALTHCHECK MAINTAINER SHELL STOPSIGNAL USER WORKDIR".split(" ");

export interface CheckedDockerfile {
  instructions: Instruction[];
  /** Images that it stands on or copies from, as it names them. */
  images: string[];
  /** Those of them that stages begin with. */
  bases: string[];
}

/** Reads a package's own Dockerfile and refuses what goes past the limits of a build: images that are not on the list,
 *  and what the engine itself would fetch. Throws `dockerfile_refused` with the first reason. */
export function checkDockerfile(text: string, { allowed, bases }: EngineConfig["ownDockerfiles"]): CheckedDockerfile {
  if (!allowed)
    throw new BuildFault(
      "dockerfile_refused",
      "this registry builds no packages' own Dockerfiles (SLIPWAY_OWN_DOCKERFILES is off): leave build out of slipway.yaml, and the image is assembled",
    );
  refuseAmbiguousLines(text);
  const instructions = readDockerfile(text);
  const stages: string[] = [];
  const images: string[] = [];
  const stoodOn: string[] = [];
  for (const instruction of instructions) {
    const refuse = (reason: string): never => {
      throw new BuildFault("dockerfile_refused", `the Dockerfile's line ${instruction.line}: ${reason}`);
    };
    const use = (image: string): void => {
      if (image.toLowerCase() === "scratch") return;
      if (image.includes("$"))
        refuse(
          `"${image}" holds a variable, and what it stands on is looked at before it is built: write the name out`,
        );
      if (!/^\w[\w./:@-]*$/.test(image) || image.includes("..")) refuse(`"${image}" is no image's name`);
      if (bases !== null && !bases.some((pattern) => matches(pattern, image)))
        refuse(`"${image}" is no image that this registry builds on: take one of ${bases.join(", ")}`);
      images.push(image);
    };
    const refuseFetching = ({ name, ...inner }: Instruction): void => {
      if (name !== "ADD") return;
      const fetched = wordsOf({ name, ...inner }).find((word) => /:\/\/|^git@|\$/.test(word));
      if (fetched !== undefined)
        refuse(
          `ADD would have the engine fetch "${fetched.slice(0, 200)}": fetch it with RUN, or lay the file into the package`,
        );
    };
    refuseAmbiguousWords(instruction);
    const [flag] = instruction.flags;
    switch (instruction.name) {
      case "FROM": {
        const [image = "", as, name] = wordsOf(instruction);
        const isStage = stages.includes(image.toLowerCase());
        if (!isStage) use(image);
        if (images.includes(image)) stoodOn.push(image);
        if (flag !== undefined && !/^--platform=linux\/amd64$/i.test(flag))
          refuse(`images are for linux/amd64: "${flag}" asks for another platform`);
        stages.push(as?.toLowerCase() === "as" && name !== undefined ? name.toLowerCase() : "");
        break;
      }
      case "RUN":
        if (flag !== undefined)
          refuse(`${flag.split("=", 1)[0]} needs BuildKit, whose steps cannot be limited: leave it out`);
        break;
      case "COPY":
        for (const option of instruction.flags) {
          const from = /^--from=(.*)$/i.exec(option)?.[1];
          if (from === undefined) continue;
          const isStage =
            stages.slice(0, -1).includes(from.toLowerCase()) ||
            (/^\d+$/.test(from) && Number(from) < stages.length - 1);
          if (from === "" || from.includes("$")) refuse(`"${option}" does not say what it copies from: write it out`);
          if (!isStage) use(from);
        }
        break;
      case "ADD":
        refuseFetching(instruction);
        break;
      case "LABEL":
        // Written in another way it is overridden: ours comes after it.
        if (instruction.rest.replaceAll(/["'\\]/g, "").includes("dev.slipway.build-"))
          refuse("labels that begin with dev.slipway.build- are Slipway's own: take another name");
        break;
      case "VOLUME":
        refuse("what is written to a VOLUME cannot be limited: leave it out, and mount one where it runs");
        break;
      case "ONBUILD":
        refuse("ONBUILD has no meaning in an image that nothing is built on: leave it out");
        break;
      default:
        if (!plain.includes(instruction.name))
          refuse(`"${instruction.name.slice(0, 40)}" is no instruction that is known here`);
    }
    if (/(?<!<)<<(?!<)/.test(instruction.rest) && ["RUN", "COPY", "ADD"].includes(instruction.name))
      refuse("a here-document needs BuildKit, whose steps cannot be limited: lay the script into the package");
  }
  if (stages.length === 0) throw new BuildFault("dockerfile_refused", "the Dockerfile has no FROM");
  return { instructions, images, bases: stoodOn };
}

/** `docker.io/library/python` is `python`; a pattern may end in `*`, and one without tag and digest takes all. */
function matches(pattern: string, image: string): boolean {
  const [wanted, found] = [shortName(pattern), shortName(image)];
  if (wanted.endsWith("*")) return found.startsWith(wanted.slice(0, -1));
  return (
    found === wanted ||
    found.startsWith(`${wanted}@`) ||
    (!/[:@]/.test(afterHost(wanted)) && found.startsWith(`${wanted}:`))
  );
}

function shortName(image: string): string {
  return image.replace(/^(?:index\.)?docker\.io\//, "").replace(/^library\//, "");
}

function afterHost(image: string): string {
  return image.slice(image.indexOf("/") + 1);
}
