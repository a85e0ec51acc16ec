import type { Base } from "../bases/base-source.ts";
import type { BuildContext } from "../image-builder.ts";
import type { LockedPackage } from "../lock.ts";
import type { Asked } from "./resolve-requirements.ts";

/** What of a runtime cannot be laid out and has to be run. Each works in a folder of its own, which stays the caller's. */
export interface RuntimeSteps {
  /** Installs Debian packages: what they bring to the base. Throws `system_packages_unavailable`. */
  installSystemPackages(
    base: Base,
    names: readonly string[],
    folder: string,
    context: BuildContext,
  ): Promise<SystemFiles>;
  /** Makes wheels of the requirements that the index has as sources alone. Throws `build_step_failed`. */
  makeWheels(base: Base, asked: Asked, folder: string, context: BuildContext): Promise<MadeWheels>;
}

export interface SystemFiles {
  /** Folder with the files, from the image's root. */
  root: string;
  packages: LockedPackage[];
  dockerfile: string;
}

export interface MadeWheels {
  /** Folder with the wheels. */
  folder: string;
  sdists: MadeSdist[];
  dockerfile: string;
}

export interface MadeSdist {
  /** PEP 503. */
  name: string;
  version: string;
  /** File name of the archive of sources. */
  file: string;
  sha256: string;
}
