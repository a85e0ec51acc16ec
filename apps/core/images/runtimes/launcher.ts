/** Where requirements lie in an image. */
export const dependenciesFolder = "opt/slipway/dependencies";

/** The command `slipway-runtime`. PYTHONPATH finds packages and passes over their `.pth` files, which some need. */
export function launcher(pythonPath: string): string {
  return [
    `#!${pythonPath}`,
    "import site",
    "import sys",
    "",
    `site.addsitedir("/${dependenciesFolder}")`,
    "",
    "from slipway_runtime.__main__ import main",
    "",
    "sys.exit(main(sys.argv[1:]))",
    "",
  ].join("\n");
}
