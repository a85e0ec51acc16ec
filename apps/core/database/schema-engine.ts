import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { PrismaPg } from "@prisma/adapter-pg";
import { bindMigrationAwareSqlAdapterFactory } from "@prisma/driver-adapter-utils";
import type * as Engine from "@prisma/schema-engine-wasm";

type WasmExports = Record<string, unknown>;
type EngineModule = typeof Engine & { __wbg_set_wasm(exports: WasmExports): void };

/** Node has it; the types of Node alone, without those of browsers, do not name it. */
declare const WebAssembly: {
  instantiate(bytes: Uint8Array, imports: Record<string, object>): Promise<{ instance: { exports: WasmExports } }>;
};

/** Prisma's schema engine in its WebAssembly form: migrations without downloading a native binary.
 *  The package expects a bundler to instantiate the module; here Node does it. */
export async function openSchemaEngine(databaseUrl: string, schema: string): Promise<Engine.SchemaEngine> {
  const glue = createRequire(import.meta.url).resolve("@prisma/schema-engine-wasm/schema_engine_bg");
  // It holds its one instance in a variable of the module: two that migrate at once need a module each.
  const engine = (await import(`${pathToFileURL(glue)}?${randomUUID()}`)) as EngineModule;
  const wasm = await readFile(glue.replace(/\.js$/, ".wasm"));
  const { instance } = await WebAssembly.instantiate(wasm, { "./schema_engine_bg.js": { ...engine } });
  engine.__wbg_set_wasm(instance.exports);
  (instance.exports["__wbindgen_start"] as () => void)();
  const factory = bindMigrationAwareSqlAdapterFactory(new PrismaPg({ connectionString: databaseUrl }));
  return engine.SchemaEngine.new({ datamodels: [["schema.prisma", schema]] }, () => {}, factory);
}
