import { describe, expect, it } from "vitest";
import { cpuMs } from "#test/cpu-ms.ts";
import { hasTopLevelName, topLevelClasses } from "./python-source.ts";

describe("Python source, read as text", () => {
  it("shows the classes of a module", () => {
    expect(
      topLevelClasses(
        "import os\n\nclass A:\n    class Inner: ...\n\nclass B(A):\n    pass\n\nclass  Größe(object): pass\n",
      ),
    ).toEqual(["A", "B", "Größe"]);
  });

  it.each([
    ["a comment", "# class Predictor:\nx = 1\n"],
    ["a docstring", '"""Example:\n\nclass Predictor:\n    pass\n"""\n'],
    ["a text in single triple quotes", "x = '''\nclass Predictor: pass\n'''\n"],
    ["a text with quotes in it", `x = "\\"'''"\ny = '"""'\n# '''\n'''\nclass Predictor: pass\n'''\n`],
    ["a text that goes on after an escaped quote", 'x = """\\"""\nclass Predictor: pass\n"""\n'],
    ["another class", "class Outer:\n    class Predictor: pass\n"],
    ["a longer name", "class PredictorBase: pass\n"],
    ["an import under another name", "from a import Predictor as P\n"],
    ["a comparison", "Predictor == 1\n"],
  ])("does not take %s for class Predictor", (_what, source) => {
    expect(hasTopLevelName(source, "Predictor")).toBe(false);
  });

  it.each([
    ["a class", "class Predictor:\n    pass\n"],
    ["a class after a text with a quote in it", 'x = "it\'s"\nclass Predictor(Base): pass\n'],
    ["a class in a file with Windows line ends", "import os\r\nclass Predictor:\r\n    pass\r\n"],
    ["an assignment", "Predictor = make()\n"],
    ["an assignment with a type", "Predictor: type[Base] = make()\n"],
    ["an import", "from .impl import Other, Predictor\n"],
    ["an import over several lines", "from .impl import (\n    Other,  # the first\n    Predictor,\n)\n"],
    ["a continued import", "from .impl import Other, \\\n    Predictor\n"],
    ["an import by another name", "from .impl import Churn as Predictor\n"],
    ["an import of everything", "from .impl import *\n"],
  ])("finds %s", (_what, source) => {
    expect(hasTopLevelName(source, "Predictor")).toBe(true);
  });

  it("of a megabyte takes no longer, whatever it is made of", () => {
    for (const unit of ["import (\n", "(\n", '"""\n', "a\\\n", "class ", "x = ", "'"]) {
      const source = unit.repeat(Math.floor((1024 * 1024) / unit.length));
      expect(cpuMs(() => void hasTopLevelName(source, "Predictor"))).toBeLessThan(5_000);
    }
  });
});
