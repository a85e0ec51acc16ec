import { createReadStream, mkdirSync, rmSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "#core/artifacts/digest.ts";
import type { Layer } from "#core/images/image-builder.ts";
import { mediaTypes } from "#core/images/oci.ts";
import { pushBlob } from "#core/images/registry-client/blobs.ts";
import { openRegistryClient, type RegistryClient } from "#core/images/registry-client/client.ts";
import { pushImage } from "#core/images/registry-client/push-image.ts";
import { freePort } from "#standalone/free-port.ts";
import { startImageRegistry } from "#standalone/image-registry.ts";
import { imageOf } from "#test/small-image.ts";
import { secondsOf, settle } from "../command.ts";
import type { Bench, Figure } from "../figure.ts";
import { pushByOras, registryTools } from "../peers/registry-tools.ts";
import { makeNew, makeRandomFile, sha256Of, sizeInWords } from "../random-file.ts";
import { missingRow, type Row, ratioRow } from "../rows.ts";

const count = 20;
/** 50 MiB each where a large file has 1 GiB. */
const share = 1024 / 50;
/** As the layers of Slipway's own images are read. */
const chunkBytes = 1024 * 1024;

interface Sides {
  parallel: number[];
  inTurn: number[];
  /** With the time that the digests take, as oras needs it too. */
  withDigests: number[];
  oras: number[];
}

/** An image of many layers: some at a time, as it is pushed, and one after the other. */
export const imagesLayers: Figure = {
  name: "images-layers",
  async measure(bench) {
    const folder = join(bench.folder, "images-layers");
    mkdirSync(folder);
    const options = { folder: join(folder, "registry"), port: await freePort(), secret: "bench", ledger: bench.ledger };
    const { child, host } = await startImageRegistry(options);
    const client = openRegistryClient({ host });
    const paths = Array.from({ length: count }, (_, index) => join(folder, `layer-${index}.bin`));
    const layerBytes = Math.round(bench.fileBytes / share);
    try {
      for (const path of paths) await makeRandomFile(path, layerBytes);
      await measureRound(bench, client, paths, 0);
      const sides: Sides = { parallel: [], inTurn: [], withDigests: [], oras: [] };
      for (let run = 1; run <= bench.runs; run++) {
        const round = await measureRound(bench, client, paths, run);
        sides.inTurn.push(round.inTurn);
        sides.parallel.push(round.parallel);
        sides.withDigests.push(round.parallel + round.digests);
        if (round.oras !== null) sides.oras.push(round.oras);
      }
      return rowsOf(`push of ${count} layers of ${sizeInWords(layerBytes)}`, sides);
    } finally {
      await client.close();
      await child.stop(5_000);
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

interface Round {
  digests: number;
  parallel: number;
  inTurn: number;
  oras: number | null;
}

/** The first does not count. Each way gets bytes of its own: a registry that has them already would answer at once. */
async function measureRound(
  { say }: Bench,
  client: RegistryClient,
  paths: readonly string[],
  run: number,
): Promise<Round> {
  const { signal } = new AbortController();
  const context = { log: () => {}, signal };
  const renew = async (): Promise<void> => {
    for (const path of paths) await makeNew(path);
    await settle();
  };
  let image = imageOf([]);
  const readAll = async (): Promise<void> => {
    image = imageOf(await Promise.all(paths.map(layerOf)));
  };
  await renew();
  await readAll();
  const inTurn = await secondsOf(async () => {
    for (const layer of image.layers) await pushBlob(client, `bench/in-turn-${run}`, layer, signal);
    await pushImage(client, `bench/in-turn-${run}`, image, context); // what is left of it
  });
  await renew();
  const digests = await secondsOf(readAll);
  const parallel = await secondsOf(() => pushImage(client, `bench/parallel-${run}`, image, context));
  await renew();
  const oras = registryTools().includes("oras") ? await pushByOras(client.host, `bench/oras-${run}`, paths) : null;
  const words = [`${inTurn.toFixed(2)} s in turn`, `${parallel.toFixed(2)} s parallel`, `oras ${oras?.toFixed(2)} s`];
  say(`  ${run === 0 ? "warm-up" : `run ${run}`}: ${words.join(", ")}`);
  return { digests, parallel, inTurn, oras };
}

async function layerOf(path: string): Promise<Layer> {
  const digest: Digest = `sha256:${await sha256Of(path)}`;
  return {
    digest,
    diffId: digest,
    sizeBytes: (await stat(path)).size,
    mediaType: mediaTypes.layerTar,
    kind: "model",
    open: async () => createReadStream(path, { highWaterMark: chunkBytes }),
  };
}

function rowsOf(figure: string, { parallel, inTurn, withDigests, oras }: Sides): Row[] {
  const slipway = { unit: "s", values: parallel } as const;
  const again = `${figure}, with their digests`;
  return [
    ratioRow(figure, {
      slipway,
      otherName: "one after the other",
      other: { unit: "s", values: inTurn },
      ratio: "other / slipway",
      goal: { atLeast: 1 },
    }),
    oras.length === 0
      ? missingRow(`${again}, against oras push`, "the set-up could not make it")
      : ratioRow(again, {
          slipway: { unit: "s", values: withDigests },
          otherName: "oras push",
          other: { unit: "s", values: oras },
          ratio: "other / slipway",
          goal: null,
        }),
  ];
}
